"""What is purged is in no file of its store: no table, no log, no list of either, however it is spelled."""

import os
from pathlib import Path

from state.rocks import Limits, RocksStore

SMALL = Limits(cache_bytes=1 << 20, write_buffer_bytes=1 << 20, open_files=16, sync=False)
NAME = b"listener/zz-whom-it-concerns"


def files_with(folder: Path, name: bytes) -> list[str]:
    """The files that hold a name as it is, or in hexadecimal as logs have it."""
    spellings = (name, name.hex().encode(), name.hex().upper().encode())
    return sorted(
        path.name
        for path in folder.rglob("*")
        if path.is_file() and any(spelling in path.read_bytes() for spelling in spellings)
    )


def filled(folder: Path) -> RocksStore:
    """A store with tables and logs, in which the name has stood as the border of a table."""
    store = RocksStore(folder, SMALL)
    store.write({b"listener/a%d" % k: os.urandom(2_000) for k in range(900)})
    store.write({NAME: NAME * 9})
    store.write({b"listener/b%d" % k: os.urandom(2_000) for k in range(900)})
    return store


def test_a_purged_name_is_in_no_file(tmp_path: Path) -> None:
    """While the store is open, and when it is closed; all others are as they were."""
    folder = tmp_path / "store"
    store = filled(folder)
    store.write({NAME: None})
    before, others = files_with(folder, NAME), list(store.scan(b"listener/"))

    store.purge([NAME])

    assert before != []
    assert files_with(folder, NAME) == []
    assert list(store.scan(b"listener/")) == others
    store.close()
    assert files_with(folder, NAME) == []
    with_tail = RocksStore(folder, SMALL)
    assert list(with_tail.scan(b"listener/")) == others
    with_tail.close()


def test_many_names_are_purged_at_once(tmp_path: Path) -> None:
    """Hundreds together cost one pass, and are as gone."""
    folder = tmp_path / "store"
    store = filled(folder)
    names = [b"listener/b%d" % k for k in range(100, 400)]
    store.write(dict.fromkeys(names))

    store.purge(names)

    assert files_with(folder, b"listener/b250") == []
    assert store.get(b"listener/b50") is not None
    store.close()
