"""NamedVersions: any of the newest versions of the policy by its name, as the worker that decided had it."""

import asyncio
from collections import OrderedDict

import msgspec
from msgspec import Struct

from bandits.drift import found_in
from bandits.version import Version
from pipelines.kafka.snapshots import evidence_in
from pipelines.learn import rewards_of
from pipelines.settings import Settings
from topics.codec import decode
from topics.registry import SNAPSHOTS_KEPT

MADE_KEPT = 32
WAIT_S, STEP_S = 1.0, 0.02  # for a snapshot that a worker has read a moment before us


class _Head(Struct, frozen=True):
    """As much of a snapshot as tells which one it is."""

    policy: str
    shard: int
    version: int
    watch: bytes = b""


_head_of = msgspec.json.Decoder(_Head).decode


class NamedVersions:
    """A version's name joins the versions of all shards (12.9.14.11), so the snapshots named make it again.

    ``first`` is the version before anything was learned, or one that does not move.
    """

    def __init__(self, first: Version, shards: int, settings: Settings) -> None:
        self._drifts: dict[int, int] = {}  # by shard
        self._shards, self._settings = shards, settings
        self._values: dict[tuple[int, int], tuple[int, bytes]] = {}  # (shard, place) → version, snapshot
        self._newest = [0] * shards
        self._made: OrderedDict[str, Version] = OrderedDict({first.name: first})
        self._making = asyncio.Lock()

    @property
    def drifts(self) -> int:
        """How many changes for the worse the learners have found; 0 where none of them looks."""
        return sum(self._drifts.values())

    def take(self, value: bytes) -> None:
        """Keep a snapshot; as on its topic, the version 24 later takes its place."""
        head = _head_of(value)
        if head.policy != self._settings.policy.name or head.shard >= self._shards:
            return
        self._values[head.shard, head.version % SNAPSHOTS_KEPT] = (head.version, value)
        self._newest[head.shard] = max(self._newest[head.shard], head.version)
        if head.watch:
            self._drifts[head.shard] = found_in(head.watch)

    async def named(self, name: str) -> Version | None:
        """Return a version, None if its snapshots are gone or not there yet."""
        numbers = [int(part) for part in name.split(".") if part.isdecimal()]
        async with self._making:
            if name in self._made:
                self._made.move_to_end(name)
                return self._made[name]
            if len(numbers) != self._shards or not await self._are_read(numbers):
                return None
            values = [
                self._values.get((shard, number % SNAPSHOTS_KEPT), (0, b""))
                for shard, number in enumerate(numbers)
                if number
            ]
            if [number for number, _ in values] != [number for number in numbers if number]:
                return None
            made = await asyncio.to_thread(self._make, name, [value for _, value in values])
            self._made[name] = made
            if len(self._made) > MADE_KEPT:
                self._made.popitem(last=False)
            return made

    async def _are_read(self, numbers: list[int]) -> bool:
        """Wait a moment for snapshots that others have read already."""
        for _ in range(int(WAIT_S / STEP_S)):
            if all(number <= newest for number, newest in zip(numbers, self._newest, strict=True)):
                return True
            await asyncio.sleep(STEP_S)
        return False

    def _make(self, name: str, values: list[bytes]) -> Version:
        evidence = [evidence_in(decode(value, "policy-snapshot.v1"), self._settings) for value in values]
        return rewards_of(evidence, name, self._settings)
