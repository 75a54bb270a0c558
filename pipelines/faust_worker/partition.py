"""Partition: one input partition of one step, from the fence to the last batch."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal

from aiokafka.errors import KafkaError

from pipelines.failures import Halted
from pipelines.faust_worker.machine import Machine
from pipelines.faust_worker.pace import Pace
from pipelines.faust_worker.producer import Producer
from pipelines.faust_worker.step import Ledger, Step
from state.checkpoint import (
    NOTHING,
    Acknowledge,
    Begin,
    CatchUp,
    Commit,
    Effect,
    Fence,
    Keep,
    Load,
    Publish,
    Start,
    opening,
    perform,
    surviving,
)
from state.store import StoreError

log = logging.getLogger(__name__)

RECORDS_MAX = 500  # of one transaction
INBOX_MAX = 5_000  # records read ahead; beyond it the source is paused
SLICE_S = 0.005  # of deciding, before others have a turn
IDLE_S = 1.0
HOLD_S = 2.0
BACKOFF_S = 0.5

State = Literal["opening", "running", "held", "retrying", "halted", "closed"]


class Partition:
    """Opens, takes batches and makes them last; after any failure it opens anew from what is committed.

    ``source`` moves where the input is read; ``decide`` is how a batch reaches the step.
    """

    def __init__(
        self,
        number: int,
        ledger: Ledger,
        make_step: Callable[[], Step],
        make_producer: Callable[[], Producer],
        source: "Source",
        pace: Pace,
        machine: Machine,
        *,
        gather_s: float = 0.0,
        through: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]] | None = None,
    ) -> None:
        self.number = number
        self.state: State = "opening"
        self.fault = ""
        self.step: Step | None = None
        self.taken = NOTHING  # last offset decided in memory
        self.kept = NOTHING  # last offset whose effects are committed
        self.records = self.transactions = self.reopened = 0
        self.lag: int | None = None  # records not yet taken, as of the last fetch
        self._ledger, self._make_step, self._make_producer = ledger, make_step, make_producer
        self._source, self._pace, self._gather_s, self._through = source, pace, gather_s, through
        self._machine = machine
        self._producer: Producer | None = None
        self._inbox: deque[Any] = deque()
        self._wake = asyncio.Event()
        self._may_run = asyncio.Event()
        self._may_run.set()
        self._resting = asyncio.Event()
        self._resting.set()
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        """Records read, but not taken yet."""
        return len(self._inbox)

    # -------------------------------------------------------------- what the intake calls

    def feed(self, records: list[Any]) -> bool:
        """Take records of the source in; return whether it should pause."""
        self._inbox.extend(records)
        self._wake.set()
        return len(self._inbox) >= INBOX_MAX

    async def hold(self) -> None:
        """Finish the batch under way, and begin no other until `go`."""
        self._may_run.clear()
        self._wake.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(HOLD_S):
                await self._resting.wait()

    def go(self) -> None:
        """Go on after a rebalance that left this partition here: the source is read from where we are."""
        self._inbox.clear()
        if self.state in {"running", "held"}:
            self._source.read_from(self.number, self.taken + 1)
        self._may_run.set()

    async def run(self) -> None:
        """Work until cancelled, through every failure that passes."""
        proven = True  # the assignment that began this run says that we are a member
        try:
            while True:
                try:
                    if not proven:
                        await self._prove()
                    proven = False
                    await self._open()
                    await self._work()
                except Halted as error:
                    self.fault = str(error)
                    self._become("halted")
                    log.error("partition %d halts: %s", self.number, error)
                    await asyncio.Event().wait()
                except (KafkaError, OSError, TimeoutError, StoreError, RuntimeError) as error:
                    self.reopened += 1
                    self.fault = f"{type(error).__name__}: {error}"
                    self._become("retrying")
                    log.warning("partition %d opens anew after %s", self.number, self.fault[:500])
                    if isinstance(error, StoreError) and error.fault in {"torn", "foreign"}:
                        self._ledger.distrust(str(error))
                await self._let_go()
                await asyncio.sleep(BACKOFF_S)
        finally:
            self._become("closed")
            await asyncio.shield(self._let_go())

    # -------------------------------------------------------------- opening

    async def _open(self) -> None:
        self._become("opening")
        self._resting.set()
        self.taken = self.kept = await perform(opening(), self._effect)
        self.fault = ""
        self._become("running")

    async def _prove(self) -> None:
        """Return once the group knows us as this partition's owner.

        Opening fences whoever owns it: one that was taken for dead must not do that to its heir.
        """
        while not await self._source.is_ours(self.number, self.kept + 1):  # noqa: ASYNC110  only the group knows
            await asyncio.sleep(BACKOFF_S)

    async def _let_go(self) -> None:
        self.step = None
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.close()
        self._ledger.close()
        self._resting.set()

    # -------------------------------------------------------------- working

    async def _work(self) -> None:
        while True:
            records = await self._next()
            self._resting.clear()
            try:
                if self._through is None:
                    await self._decide(records)
                else:
                    await self._through(lambda records=records: self._decide(records))  # type: ignore[misc]
                await self._survive()
            finally:
                self._resting.set()

    async def _next(self) -> list[Any]:
        """Return the next records; none where the partition was quiet for a while."""
        while not self._may_run.is_set():
            self._become("held")
            await self._may_run.wait()
            self._become("running")
        if not self._inbox:
            self._wake.clear()
            self._source.read_on(self.number)
            with suppress(TimeoutError):  # no wait_for: before Python 3.12 it may swallow a cancellation
                async with asyncio.timeout(IDLE_S):
                    await self._wake.wait()
        if self._inbox:
            await asyncio.sleep(max(self._gather_s, self._not_before - self._machine.elapsed_s(), 0))
        if not self._may_run.is_set():
            return []
        return [self._inbox.popleft() for _ in range(min(len(self._inbox), RECORDS_MAX))]

    async def _decide(self, records: list[Any]) -> None:
        step = self.step
        assert step is not None
        if not records:
            now_ms = self._machine.now_ms()
            if self._may_run.is_set() and await self._source.behind(self.number) == 0 and not self._inbox:
                step.idle(now_ms)
            return
        turn_ends = self._machine.elapsed_s() + SLICE_S
        for record in records:
            if record.offset <= self.taken:
                continue  # read again after a rebalance, or before progress
            further = step.take(record)
            if further is not None:
                await further
            self.taken = record.offset
            self.records += 1
            if self._machine.elapsed_s() > turn_ends:
                await asyncio.sleep(0)
                turn_ends = self._machine.elapsed_s() + SLICE_S

    async def _survive(self) -> None:
        if self.taken == NOTHING:
            return
        step = self.step
        assert step is not None
        batch = step.batch(self.taken)
        if batch is None or (batch.offset == self.kept and not batch.outputs):
            return
        self.kept = await perform(surviving(batch), self._effect)
        self.transactions += 1
        step.committed(self._machine.now_ms())
        self._pace.committed(self)
        self._not_before = self._machine.elapsed_s() + self._pace.pause_s()

    async def _effect(self, effect: Effect) -> Any:
        """Perform one effect of the checkpoint."""
        producer, ledger = self._producer, self._ledger
        match effect:
            case Fence():
                self._producer = self._make_producer()
                await self._producer.fence()
            case Load():
                return await ledger.load()
            case CatchUp(after):
                progress = await ledger.catch_up(after)
                self.step = self._make_step()
                return progress
            case Start(offset):
                self._inbox.clear()
                self._source.read_from(self.number, offset)
            case Begin():
                assert producer is not None
                await producer.begin()
            case Publish(batch):
                assert producer is not None
                await producer.publish(batch.outputs)
            case Commit():
                assert producer is not None
                return await producer.commit((ledger.changelog, self.number))
            case Keep(batch, reflects):
                ledger.keep(batch, reflects)
            case Acknowledge(offset):
                self._source.acknowledge(self.number, offset)
        return None

    def _become(self, state: State) -> None:
        self.state = state


class Source:
    """Where a partition's records come from; the intake implements it."""

    def read_from(self, partition: int, offset: int) -> None:
        """Read from this offset on."""
        raise NotImplementedError

    def read_on(self, partition: int) -> None:
        """Go on reading where it was paused."""
        raise NotImplementedError

    def acknowledge(self, partition: int, offset: int) -> None:
        """Note how far was read: a hint where the next owner may start."""
        raise NotImplementedError

    async def behind(self, partition: int) -> int | None:
        """Return how many offsets are still to be read, as of the last fetch; None while unknown."""
        raise NotImplementedError

    async def is_ours(self, partition: int, offset: int) -> bool:
        """Ask the group whether we own the partition."""
        raise NotImplementedError
