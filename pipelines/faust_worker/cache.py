"""Cache: a step's state in a local store, brought up to its changelog, which is the truth."""

import logging
from pathlib import Path

import msgspec
from msgspec import Struct

from pipelines.faust_worker.machine import Machine
from pipelines.faust_worker.reader import end_of, read_to_end
from state.checkpoint import NOTHING, Batch
from state.envelope import seal, unseal
from state.keys import key
from state.rocks import MIB, Limits
from state.store import Store, StoreError

log = logging.getLogger(__name__)

VERSION = 1
PROGRESS = key("partition", "progress")  # in the changelog and in the store
REFLECTS = key("partition", "reflects")  # in the store only
FRESH_MS = 43_200_000  # half of the time for which a compacted topic shows what was deleted


class Progress(Struct, frozen=True, array_like=True):
    """How far the input was taken in."""

    offset: int


class Reflects(Struct, frozen=True, array_like=True):
    """What a local store was made from."""

    changelog: str
    partition: int
    offset: int  # of the changelog, the last one in here
    at_ms: int  # wall clock, when it was written


_encode = msgspec.msgpack.encode


def progress_value(offset: int) -> bytes:
    """Return the stored form of how far the input was taken in."""
    return seal(VERSION, _encode(Progress(offset)))


class Cache:
    """One partition's store in a directory; torn, foreign, missing or stale, it is made anew."""

    def __init__(self, folder: Path, changelog: str, partition: int, memory: int, machine: Machine) -> None:
        self.changelog, self.partition = changelog, partition
        self._folder, self._machine = folder, machine
        self._limits = Limits(
            cache_bytes=max(memory // 2, MIB), write_buffer_bytes=max(memory // 4, MIB), sync=False
        )
        self._store: Store | None = None
        self._distrusted = ""  # why the store must be made anew

    @property
    def store(self) -> Store:
        """The store, once it is loaded."""
        assert self._store is not None
        return self._store

    async def load(self) -> int:
        """Open the store; return the changelog's offset that it reflects, −1 for an empty one."""
        wrong, self._distrusted = self._distrusted, ""
        reflects = None
        if not wrong:
            try:
                self._store = self._machine.open_store(self._folder, self._limits)
                reflects = self._reflects()
            except StoreError as error:
                if error.fault == "locked":
                    raise
                wrong = str(error)
            else:
                wrong = "" if reflects is None else await self._outdated(reflects)
        if wrong:
            log.warning("the store %s is made anew: %s", self._folder, wrong)
        if reflects is None or wrong:
            self._start_anew()
            return NOTHING
        return reflects.offset

    async def catch_up(self, after: int) -> int:
        """Apply the changelog behind ``after``; return the last offset of the input that was taken in."""
        gone: set[bytes] = set()
        async for records in read_to_end(
            self.changelog, self.partition, after + 1, self._machine, high_watermark=True
        ):
            changes = {record.key: record.value for record in records}
            self.store.write(changes | {REFLECTS: self._mark(records[-1].offset)})
            gone |= {key for key, value in changes.items() if value is None}
        if gone:  # there may be erasures among them
            self.store.purge(gone)
        value = self.store.get(PROGRESS)
        if value is None:
            return NOTHING
        body = unseal(value, VERSION, what=f"the progress in {self.changelog}")
        return msgspec.msgpack.decode(body, type=Progress).offset

    def keep(self, batch: Batch, reflects: int) -> None:
        """Write what is committed now."""
        self.store.write({**batch.changes, REFLECTS: self._mark(reflects)})
        if batch.erased:
            self.store.purge(batch.erased)

    def distrust(self, reason: str) -> None:
        """Make the store anew when it is loaded next: damage may show only where it is read."""
        self._distrusted = reason

    def close(self) -> None:
        """Let go of the directory; a store that cannot even be closed is not trusted either."""
        store, self._store = self._store, None
        if store is not None:
            try:
                store.close()
            except StoreError as error:
                self.distrust(str(error))

    def _reflects(self) -> Reflects | None:
        value = self.store.get(REFLECTS)
        if value is None:
            return None
        body = unseal(value, VERSION, what=f"the mark of the store {self._folder}")
        return msgspec.msgpack.decode(body, type=Reflects)

    async def _outdated(self, reflects: Reflects) -> str:
        """Return why the changelog cannot bring this store up to date; empty if it can."""
        if (reflects.changelog, reflects.partition) != (self.changelog, self.partition):
            return f"it was made from {reflects.changelog}[{reflects.partition}]"
        if self._machine.now_ms() - reflects.at_ms > FRESH_MS:
            return "it is so old that the changelog may no longer tell what was deleted"
        end = await end_of(self.changelog, self.partition, self._machine)
        if reflects.offset >= end:
            return f"it reflects {reflects.offset}, the changelog ends at {end}: that is another one"
        return ""

    def _start_anew(self) -> None:
        self.close()
        self._machine.remove_store(self._folder)
        self._store = self._machine.open_store(self._folder, self._limits)

    def _mark(self, offset: int) -> bytes:
        return seal(
            VERSION, _encode(Reflects(self.changelog, self.partition, offset, self._machine.now_ms()))
        )
