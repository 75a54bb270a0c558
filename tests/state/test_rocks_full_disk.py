"""RocksStore and a disk without room."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from state.rocks import Limits, RocksStore
from state.store import StoreError

LIMITS = Limits(cache_bytes=1 << 20, write_buffer_bytes=1 << 20, open_files=16, sync=False)


@contextmanager
def room_for_files_of(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as a full disk would not."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def write(store: RocksStore, taken: list[bytes]) -> None:
    """Write ten megabytes, one key after the other; remember those the store took."""
    for n in range(1_000):
        store.write({b"%03d" % n: os.urandom(10_000)})
        taken.append(b"%03d" % n)


def test_on_a_full_disk_writes_are_refused_and_none_that_was_taken_is_lost(tmp_path: Path) -> None:
    """The error says so, closing says so too, and with room again the store opens with all it took."""
    store = RocksStore(tmp_path / "store", LIMITS)
    taken: list[bytes] = []
    full = r"could not be read or written \(.*\); expected a writable disk with room; earlier writes are kept"
    with room_for_files_of(200_000):
        with pytest.raises(StoreError, match=full) as caught:
            write(store, taken)
        with pytest.raises(StoreError, match=full):
            store.close()

    store = RocksStore(tmp_path / "store", LIMITS)
    found = [key for key, _ in store.scan(b"")]
    store.close()

    assert caught.value.fault == "failed"
    assert found == taken != []
