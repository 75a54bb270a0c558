"""RocksStore and files that are damaged, foreign, newer or in use: refused with a reason, never a crash."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.folder import MARKER
from state.rocks import Limits, RocksStore
from state.store import StoreError

LIMITS = Limits(cache_bytes=1 << 20, write_buffer_bytes=1 << 20, open_files=16, sync=False)
BATCHES = 1500
Rows = dict[bytes, bytes]


def fill(store: RocksStore) -> None:
    """Write enough for several tables: batch n holds its own key and moves the common one."""
    for n in range(BATCHES):
        store.write({b"own/%06d" % n: (b"%d " % n) * 400, b"last": b"%d" % n})


def rows_of(path: Path) -> Rows:
    """Open, read everything, close: what anybody sees of a store."""
    store = RocksStore(path, LIMITS)
    try:
        return dict(store.scan(b""))
    finally:
        store.close()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as `close` leaves it."""
    path = tmp_path_factory.mktemp("closed") / "store"
    store = RocksStore(path, LIMITS)
    fill(store)
    store.close()
    return path


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store as a kill leaves it: part of it stands in the log only, and there is no inventory."""
    path = tmp_path_factory.mktemp("killed") / "store"
    script = (
        "import os, sys, time; from pathlib import Path; from state.rocks import RocksStore\n"
        "from tests.state.test_rocks_damage import LIMITS, fill\n"
        "path = Path(sys.argv[1]); store = RocksStore(path, LIMITS); fill(store)\n"
        "until = time.monotonic() + 30\n"  # tables come late on a busy machine, on a quick one joined
        "while len(list(path.glob('*.sst'))) < 2 and time.monotonic() < until: fill(store)\n"
        "os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == 9
    return path


@pytest.fixture(scope="module")
def whole(closed: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """All rows of both stores."""
    copy = tmp_path_factory.mktemp("whole") / "store"
    shutil.copytree(closed, copy)
    return rows_of(copy)


def cut(path: Path, share: float) -> None:
    """Keep the beginning of a file."""
    with path.open("r+b") as file:
        file.truncate(int(path.stat().st_size * share))


def flip(path: Path, share: float) -> None:
    """Change one byte of a file."""
    content = bytearray(path.read_bytes())
    content[int((len(content) - 1) * share)] ^= 0xFF
    path.write_bytes(content)


def remove(path: Path, share: float) -> None:
    """Delete a file."""
    path.unlink()


def one_of(folder: Path, pattern: str) -> Path:
    """The largest file of a kind: the one with something in it."""
    return max(folder.glob(pattern), key=lambda path: path.stat().st_size)


def test_the_stores_under_test_have_several_tables_a_list_and_a_log(
    closed: Path, killed: Path, whole: Rows
) -> None:
    """Else the tests below would damage nothing that matters."""
    assert len(list(closed.glob("*.sst"))) > 1
    assert len(list(killed.glob("*.sst"))) > 1
    assert one_of(killed, "*.log").stat().st_size > 10_000
    assert len(whole) == BATCHES + 1


@pytest.mark.parametrize("pattern", ["*.sst", "MANIFEST-*", "CURRENT", MARKER])
@pytest.mark.parametrize(
    ("damage", "share"), [(cut, 0.0), (cut, 0.7), (cut, 0.99), (flip, 0.5), (remove, 0.0)]
)
def test_a_closed_store_with_one_damaged_file_is_refused_with_the_way_out(
    closed: Path, tmp_path: Path, pattern: str, damage: Callable[[Path, float], None], share: float
) -> None:
    """Cut, changed or missing: the error names the store, says torn, and says what to do."""
    copy = tmp_path / "store"
    shutil.copytree(closed, copy)
    damage(one_of(copy, pattern), share)

    with pytest.raises(StoreError) as caught:
        rows_of(copy)

    if (pattern, damage) == (MARKER, remove):
        expected = f"{copy} is a RocksDB store that segue did not make, expected an empty directory"
        assert caught.value.fault == "foreign"
    else:
        expected = f"the store {copy} is torn: "
        assert caught.value.fault == "torn"
        assert str(caught.value).endswith("delete the directory and replay the log, or put back a whole copy")
    assert str(caught.value).startswith(expected)


@given(data=st.data())
def test_a_closed_store_with_random_damage_is_refused_or_unharmed(
    closed: Path, whole: Rows, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Wherever the damage falls, nobody ever reads a store with a hole in it."""
    copy = tmp_path_factory.mktemp("damaged") / "store"
    shutil.copytree(closed, copy)
    name = data.draw(st.sampled_from(sorted(path.name for path in copy.iterdir() if path.stat().st_size)))
    damage = data.draw(st.sampled_from([cut, flip, remove]))
    damage(copy / name, data.draw(st.floats(0, 1)))

    found: Rows | str
    try:
        found = rows_of(copy)
    except StoreError as error:
        found = error.fault

    assert found in (whole, "torn", "foreign")
    shutil.rmtree(copy)


@given(data=st.data(), damage=st.sampled_from([cut, flip]), share=st.floats(0, 1))
def test_a_log_damaged_after_a_kill_gives_back_whole_batches_up_to_the_damage_and_none_after(
    killed: Path,
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    damage: Callable[[Path, float], None],
    share: float,
) -> None:
    """An earlier state is a true one, progress included; a state with a hole would be a lie."""
    copy = tmp_path_factory.mktemp("cut") / "store"
    shutil.copytree(killed, copy)
    logs = sorted(path for path in copy.glob("*.log") if path.stat().st_size)
    damage(logs[-1] if damage is cut else data.draw(st.sampled_from(logs)), share)

    found = rows_of(copy)

    last = int(found.pop(b"last"))
    assert sorted(found) == [b"own/%06d" % n for n in range(last + 1)]
    shutil.rmtree(copy)


def test_a_scan_that_meets_a_damaged_block_raises_instead_of_ending_early(
    closed: Path, tmp_path: Path
) -> None:
    """An end of the rows and a block that cannot be read are not the same."""
    copy = tmp_path / "store"
    shutil.copytree(closed, copy)
    flip(one_of(copy, "*.sst"), 0.5)
    store = RocksStore(copy, LIMITS)

    with pytest.raises(StoreError, match=r"is torn: Corruption: block checksum mismatch"):
        list(store.scan(b""))
    with pytest.raises(StoreError, match=r"is torn: Corruption: block checksum mismatch"):
        _ = [store.get(b"own/%06d" % n) for n in range(BATCHES)]
    store.close()


def test_a_store_that_is_in_use_is_refused(tmp_path: Path) -> None:
    """Two users of one store would destroy it; once the first lets go, the second may."""
    path = tmp_path / "store"
    first = RocksStore(path, LIMITS)
    under_way = first.scan(b"")

    with pytest.raises(
        StoreError,
        match=re.escape(
            f"the store {path} is in use by another process or in this one, expected to be its only user; "
            "stop the other one, or name another directory"
        ),
    ) as caught:
        RocksStore(path, LIMITS)

    assert caught.value.fault == "locked"
    first.close()
    RocksStore(path, LIMITS).close()
    with pytest.raises(StoreError, match="was closed during a scan; open it and scan again"):
        next(under_way)


def test_the_refused_second_user_does_not_spoil_the_first_ones_closing(tmp_path: Path) -> None:
    """What the first writes down when it closes still holds when it opens again."""
    path = tmp_path / "store"
    first = RocksStore(path, LIMITS)
    first.write({b"a": b"1"})
    with pytest.raises(StoreError, match="is in use"):
        RocksStore(path, LIMITS)
    first.close()

    assert rows_of(path) == {b"a": b"1"}


@pytest.mark.parametrize(
    ("name", "kind"),
    [("plays.jsonl", "a directory with plays.jsonl"), ("CURRENT", "a RocksDB store that segue did not make")],
)
def test_a_directory_that_is_not_ours_is_refused_and_left_alone(tmp_path: Path, name: str, kind: str) -> None:
    """A mistyped path must not fill somebody's folder with tables."""
    (tmp_path / name).write_bytes(b"theirs")

    with pytest.raises(StoreError) as caught:
        RocksStore(tmp_path, LIMITS)

    assert str(caught.value) == (
        f"{tmp_path} is {kind}, expected an empty directory or a store that segue made; "
        "nothing was changed; name another directory"
    )
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_where_a_directory_should_be_is_refused(tmp_path: Path) -> None:
    """A path that names a file is told apart from a torn store."""
    path = tmp_path / "plays.jsonl"
    path.write_bytes(b"theirs")

    with pytest.raises(StoreError, match=r"plays\.jsonl is a file, expected an empty directory") as caught:
        RocksStore(path, LIMITS)

    assert caught.value.fault == "foreign"


def test_a_store_of_a_newer_format_is_refused_with_both_numbers(tmp_path: Path) -> None:
    """A release that does not know the layout must not touch it."""
    path = tmp_path / "store"
    RocksStore(path, LIMITS).close()
    marker = msgspec.json.decode((path / MARKER).read_bytes())
    (path / MARKER).write_bytes(msgspec.json.encode(marker | {"segue_store": 2}))

    with pytest.raises(StoreError) as caught:
        RocksStore(path, LIMITS)

    assert str(caught.value) == (
        f"the store {path} has format 2, this segue reads only 1; "
        "a newer segue wrote it: run that one, or name another directory"
    )
    assert caught.value.fault == "newer"


def test_a_kill_between_marking_the_directory_and_making_the_tables_is_no_damage(tmp_path: Path) -> None:
    """Only the marker is there: nothing was ever written, so nothing is missing."""
    path = tmp_path / "store"
    path.mkdir()
    (path / (MARKER + ".new")).write_bytes(b'{"segue')
    RocksStore(path, LIMITS).close()
    for entry in path.iterdir():
        entry.unlink()
    (path / MARKER).write_bytes(b'{"segue_store":1,"opened":1,"files":null}')

    assert rows_of(path) == {}


def test_a_killed_store_without_its_current_file_is_torn(killed: Path, tmp_path: Path) -> None:
    """RocksDB would begin an empty store among the old tables."""
    copy = tmp_path / "store"
    shutil.copytree(killed, copy)
    (copy / "CURRENT").unlink()

    with pytest.raises(StoreError, match="is torn: CURRENT is missing beside MANIFEST-"):
        RocksStore(copy, LIMITS)


def test_a_disk_that_refuses_is_told_apart_from_damage(tmp_path: Path) -> None:
    """A parent that is a file cannot hold a store: nothing is torn, the place is wrong."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(
        StoreError, match=r"could not be read or written \(.*expected a writable disk"
    ) as caught:
        RocksStore(tmp_path / "file" / "store", LIMITS)

    assert caught.value.fault == "failed"
