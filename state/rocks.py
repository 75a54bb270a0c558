"""RocksStore: a store in files, by RocksDB; the only place that imports rocksdict."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated
from weakref import WeakSet

from msgspec import Meta, Struct
from rocksdict import (
    BlockBasedOptions,
    BottommostLevelCompaction,
    Cache,
    CompactOptions,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    Rdict,
    RdictIter,
    WriteBatch,
    WriteOptions,
)

from state import folder
from state.memory import MemoryStore
from state.store import Fault, Store, StoreError

MIB = 1 << 20
APART_MAX = 64  # keys that are purged one by one; more of them together


class Limits(Struct, frozen=True):
    """What one store may take of the machine; about cache + 2 × write buffer of memory in all."""

    cache_bytes: Annotated[int, Meta(ge=MIB)] = 32 * MIB  # blocks read, and the indexes of tables
    write_buffer_bytes: Annotated[int, Meta(ge=MIB)] = 16 * MIB  # two of them
    open_files: Annotated[int, Meta(ge=16)] = 256
    sync: bool = True
    """Whether a write is on the disk, not only in the system's memory, before it returns: some
    milliseconds each. Without it a kill still loses nothing, but losing power may leave a hole."""


def open_store(path: str | Path | None, limits: Limits | None = None) -> Store:
    """Return the store in this directory, made if it is not there; in memory where path is None.

    >>> open_store(None).get(b"a") is None
    True

    Raises `StoreError` where the directory is torn, not a store of segue's, or in use.
    """
    return MemoryStore() if path is None else RocksStore(path, limits)


class RocksStore:
    """Keyed bytes in a directory. A write is in the log before it returns: a kill loses none.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     store = RocksStore(name)
    ...     store.write({b"listener/ann": b"1", b"track/t1": b"2"})
    ...     store.close()
    ...     again = RocksStore(name)
    ...     list(again.scan(b"listener/"))
    ...     again.close()
    [(b'listener/ann', b'1')]
    """

    def __init__(self, path: str | Path, limits: Limits | None = None) -> None:
        self._path = Path(path)
        self._limits = limits = limits or Limits()
        self._write_options = WriteOptions()
        self._write_options.sync = self._sync = limits.sync
        self._scans: WeakSet[_Scan] = WeakSet()
        try:
            self._opened = folder.claim(self._path, self._sync)
        except OSError as error:
            raise _explained(self._path, error) from None
        self._db: Rdict | None = None
        try:
            self._db = Rdict(str(self._path), _options(limits))
        except Exception as error:
            raise _explained(self._path, error) from None

    def get(self, key: bytes) -> bytes | None:
        """Return the value of this key, or None where there is none."""
        db = self._usable()
        try:
            value: bytes | None = db.get(key)
        except Exception as error:
            raise _explained(self._path, error) from None
        return value

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Put every value under its key, delete where it is None: all of it, or nothing."""
        db = self._usable()
        batch = WriteBatch(raw_mode=True)
        for key, value in changes.items():
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        try:
            db.write(batch, self._write_options)
        except Exception as error:
            raise _explained(self._path, error) from None

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield (key, value) of the keys that begin with prefix, in order, as of this call."""
        scan = _Scan(self._path, self._usable().iter(), prefix)
        self._scans.add(scan)
        return scan

    def purge(self, keys: Collection[bytes]) -> None:
        """Leave nothing of deleted keys in any file: logs, tables, and the lists of both.

        RocksDB keeps deleted bytes until it compacts their tables, names tables by their first and last key
        in a list that only a fresh start shortens, and writes down what it compacts. For a few keys only the
        tables that hold them are rewritten, which takes about a second.
        """
        try:
            db = self._usable()
            db.flush()
            forced = CompactOptions()
            forced.set_bottommost_level_compaction(BottommostLevelCompaction.force())
            ranges = [(key, key) for key in keys] if len(keys) <= APART_MAX else [(min(keys), max(keys))]
            for first, last in ranges:
                db.compact_range(first, last + b"\0", forced)
            for scan in self._scans:
                scan.close()
            self._db = None
            db.close()
            self._db = Rdict(str(self._path), _options(self._limits))
            for told in self._path.glob("LOG.old*"):
                told.unlink()
        except StoreError:
            raise
        except Exception as error:
            raise _explained(self._path, error) from None

    def close(self) -> None:
        """Flush, write down which files there are, and let go of the directory's lock."""
        if self._db is None:
            return
        db, self._db = self._db, None
        for scan in self._scans:
            scan.close()
        try:
            db.close()
        except Exception as error:
            raise _explained(self._path, error) from None
        folder.release(self._path, self._opened, self._sync)

    def _usable(self) -> Rdict:
        if self._db is None:
            raise StoreError(
                "closed", f"the store {self._path} is closed, expected an open one; open it again"
            )
        return self._db


class _Scan(Iterator[tuple[bytes, bytes]]):
    """A scan under way. It holds the store's files, so `RocksStore.close` must be able to end it."""

    def __init__(self, path: Path, rows: RdictIter, prefix: bytes) -> None:
        rows.seek(prefix)
        self._path, self._rows, self._prefix = path, rows, prefix
        self._closed = False

    def __next__(self) -> tuple[bytes, bytes]:
        if self._closed:
            raise StoreError(
                "closed", f"the store {self._path} was closed during a scan; open it and scan again"
            )
        rows = self._rows
        if not rows.valid():
            try:
                rows.status()  # an end may also be a damaged block
            except Exception as error:
                raise _explained(self._path, error) from None
            raise StopIteration
        key: bytes = rows.key()
        if not key.startswith(self._prefix):
            raise StopIteration
        value: bytes = rows.value()
        rows.next()
        return key, value

    def close(self) -> None:
        """Let go of the files."""
        self._closed = True
        del self._rows


def _options(limits: Limits) -> Options:
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(Cache(limits.cache_bytes))
    blocks.set_cache_index_and_filter_blocks(True)
    blocks.set_bloom_filter(10, False)
    options.set_block_based_table_factory(blocks)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_write_buffer_size(limits.write_buffer_bytes)
    options.set_max_write_buffer_number(2)
    options.set_max_total_wal_size(4 * limits.write_buffer_bytes)
    options.set_max_open_files(limits.open_files)
    options.set_max_background_jobs(2)
    # After a kill: all batches up to the first that is not whole, in whichever log that is, and none
    # after it. Progress stands in the same batches, so an earlier state is still a true one. (The mode
    # that tolerates a torn tail reads on in the next log, and leaves a hole.)
    options.set_wal_recovery_mode(DBRecoveryMode.point_in_time())
    options.set_keep_log_file_num(2)
    options.set_max_log_file_size(MIB)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    return options


def _explained(path: Path, error: Exception) -> StoreError:
    """Say what RocksDB's message means for whoever runs this."""
    detail = " ".join(str(error).split())
    if "lock" in detail.lower() and "LOCK" in detail:
        return StoreError(
            "locked",
            f"the store {path} is in use by another process or in this one, expected to be its only user; "
            "stop the other one, or name another directory",
        )
    fault: Fault = "torn" if "Corruption" in detail or "No such file" in detail else "failed"
    if fault == "torn":
        return folder.torn(path, detail)
    return StoreError(
        "failed",
        f"the store {path} could not be read or written ({detail}); expected a writable disk with room; "
        "earlier writes are kept, this one is not: mend that and start again",
    )
