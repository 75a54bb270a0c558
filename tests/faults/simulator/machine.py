"""SimulatedMachine: the computer that one worker runs on, behind the seam that a real one is behind too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from state.rocks import Limits
from state.store import Store
from tests.faults.simulator.broker import Broker
from tests.faults.simulator.clients import Consumer, Producer
from tests.faults.simulator.disk import Disk
from tests.faults.simulator.groups import Group
from tests.faults.simulator.loop import Process, VirtualLoop
from tests.faults.simulator.network import Link

T = TypeVar("T")

START_MS = 1_760_000_000_000
BATCH_RECORDS = 8  # in one produce request: a larger batch goes in several


class Cluster:
    """What all machines share."""

    def __init__(self, broker: Broker, groups: dict[str, Group]) -> None:
        self.broker, self.groups = broker, groups


class SimulatedMachine:
    """One process's view of the world; the disk is the computer's and stays when the process goes."""

    def __init__(
        self,
        loop: VirtualLoop,
        process: Process,
        cluster: Cluster,
        disk: Disk,
        random: Random,
        skew_ms: int,
        before: Callable[[Any, Any], Awaitable[None]],
    ) -> None:
        self.link = Link(loop, random)
        self.skew_ms = skew_ms
        self.before = before  # (partition, effect): what may strike it
        self._loop, self._process, self._cluster, self._disk = loop, process, cluster, disk
        self._random = random

    def consumer(self, **options: Any) -> Any:
        group = options.get("group_id")
        return Consumer(
            self._loop,
            self.link,
            self._cluster.broker,
            None if group is None else self._cluster.groups[group],
            options,
        )

    def producer(self, **options: Any) -> Any:
        return Producer(self._loop, self.link, self._cluster.broker, options, BATCH_RECORDS)

    def now_ms(self) -> int:
        return START_MS + int(self._loop.time() * 1_000) + self.skew_ms

    def elapsed_s(self) -> float:
        return self._loop.time()

    def open_store(self, folder: Path, limits: Limits) -> Store:
        return self._disk.open(folder, self._process)

    def remove_store(self, folder: Path) -> None:
        self._disk.remove(folder)

    async def aside(self, work: Callable[[], T]) -> T:
        await asyncio.sleep(self.link.delay_s("view"))
        return work()

    def note_ends(self) -> None:
        """Remember where logs end: what consumers go on believing after a silence."""
        logs = self._cluster.broker.logs
        self.link.before_stale = {place: log.stable for place, log in logs.items()}
