"""A worker's store once an erasure is committed: no file of it knows the listener's name."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

from pipelines.faust_worker.cache import Cache
from state.checkpoint import Batch
from state.rocks import Limits, RocksStore
from tests.state.test_rocks_purge import files_with

NAME = b"listener/zz-whom-it-concerns"


class Disk:
    """As much of a machine as a store needs."""

    def open_store(self, folder: Path, limits: Limits) -> RocksStore:
        return RocksStore(folder, limits)

    def remove_store(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    def now_ms(self) -> int:
        return 0


def test_what_a_batch_erases_is_in_no_file_when_it_is_kept(tmp_path: Path) -> None:
    """The rows beside it stay; a batch that only deletes leaves the rest to RocksDB, in its own time."""
    machine: Any = Disk()
    cache = Cache(tmp_path / "store", "serve-changelog", 0, 1 << 20, machine)
    asyncio.run(cache.load())
    cache.keep(Batch(1, [], {b"listener/ann": b"1" * 99, NAME: NAME * 9, b"listener/zzz": b"1"}), 1)
    known = files_with(tmp_path, NAME)

    cache.keep(Batch(2, [], {NAME: None}, erased=(NAME,)), 2)

    assert known != []
    assert files_with(tmp_path, NAME) == []
    assert [key for key, _ in cache.store.scan(b"listener/")] == [b"listener/ann", b"listener/zzz"]
    cache.close()
    assert files_with(tmp_path, NAME) == []
