"""What every store promises, checked alike over all of them."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from state.memory import MemoryStore
from state.rocks import Limits, RocksStore, open_store
from state.store import Store, StoreError

SMALL = Limits(cache_bytes=1 << 20, write_buffer_bytes=1 << 20, open_files=16, sync=False)
STORES: dict[str, Callable[[Path], Store]] = {
    "memory": lambda _: MemoryStore(),
    "rocks": lambda path: RocksStore(path, SMALL),
}

keys = st.binary(max_size=3) | st.sampled_from([b"a/", b"a/1", b"a0", b"\xff", b"\xff\xff"])
values = st.binary(max_size=8)
changes = st.dictionaries(keys, values | st.none(), max_size=6)


class StoreMachine(RuleBasedStateMachine):
    """A store beside a dict: whatever is done to both, they answer alike."""

    survives = False

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.expected: dict[bytes, bytes] = {}
        self.under_way: list[tuple[Iterator[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]] = []

    def make(self) -> Store:
        return MemoryStore()

    def rows(self, prefix: bytes) -> list[tuple[bytes, bytes]]:
        return sorted(pair for pair in self.expected.items() if pair[0].startswith(prefix))

    @initialize()
    def open(self) -> None:
        self.store = self.make()

    @rule(changes=changes)
    def write(self, changes: dict[bytes, bytes | None]) -> None:
        self.store.write(changes)
        for key, value in changes.items():
            if value is None:
                self.expected.pop(key, None)
            else:
                self.expected[key] = value

    @rule(key=keys)
    def get(self, key: bytes) -> None:
        assert self.store.get(key) == self.expected.get(key)

    @rule(prefix=st.binary(max_size=2))
    def scan(self, prefix: bytes) -> None:
        assert list(self.store.scan(prefix)) == self.rows(prefix)

    @rule(prefix=st.binary(max_size=1))
    def begin_scan(self, prefix: bytes) -> None:
        self.under_way.append((self.store.scan(prefix), self.rows(prefix)))

    @precondition(lambda self: self.under_way)
    @rule()
    def finish_scan(self) -> None:
        scan, expected = self.under_way.pop()
        assert list(scan) == expected

    @precondition(lambda self: self.survives)
    @rule()
    def reopen(self) -> None:
        self.under_way.clear()
        self.store.close()
        self.store = self.make()

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


class RocksMachine(StoreMachine):
    """The same, where closing and opening again must change nothing."""

    survives = True

    def make(self) -> Store:
        return RocksStore(self.folder / "store", SMALL)


test_memory_answers_like_a_dict = StoreMachine.TestCase
test_rocks_answers_like_a_dict_also_when_reopened = RocksMachine.TestCase
RocksMachine.TestCase.settings = settings(  # opening takes some milliseconds
    max_examples=settings().max_examples // 5, stateful_step_count=30
)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Every store in turn."""
    store = STORES[request.param](tmp_path / "store")
    yield store
    store.close()


def test_scan_follows_the_order_of_bytes(store: Store) -> None:
    """Keys come as unsigned bytes sort, whatever the order of writing, and only those of the prefix."""
    store.write({b"p\xff": b"3", b"p\x00": b"1", b"pp": b"2", b"o": b"0", b"q": b"4"})

    found = list(store.scan(b"p"))

    assert found == [(b"p\x00", b"1"), (b"pp", b"2"), (b"p\xff", b"3")]


def test_a_scan_under_way_does_not_see_later_writes(store: Store) -> None:
    """A scan is of one moment: what is written, changed or deleted meanwhile does not show."""
    store.write({b"a": b"1", b"b": b"2"})
    scan = store.scan(b"")

    store.write({b"a": b"9", b"b": None, b"c": b"3"})

    assert list(scan) == [(b"a", b"1"), (b"b", b"2")]


def test_an_empty_write_and_the_deletion_of_nothing_change_nothing(store: Store) -> None:
    """Deleting a key that is not there is no error."""
    store.write({b"a": b""})

    store.write({})
    store.write({b"missing": None})

    assert list(store.scan(b"")) == [(b"a", b"")]


def test_a_closed_store_refuses_everything_but_closing(store: Store) -> None:
    """Using a store after close says so; closing it again is fine."""
    store.write({b"a": b"1"})

    store.close()
    store.close()

    for use in (lambda: store.get(b"a"), lambda: store.write({b"a": None}), lambda: store.scan(b"")):
        with pytest.raises(StoreError, match=r"is closed, expected an open one; open") as caught:
            use()
        assert caught.value.fault == "closed"


def test_open_store_opens_memory_without_a_path_and_files_with_one(tmp_path: Path) -> None:
    """None means nothing is kept; a path means that what was written is there next time."""
    for path, kept in ((None, None), (tmp_path / "deep" / "store", b"1")):
        store = open_store(path, SMALL)
        store.write({b"a": b"1"})
        store.close()

        store = open_store(path, SMALL)

        assert store.get(b"a") == kept
        store.close()
