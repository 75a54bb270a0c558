"""Clients: what the worker knows of aiokafka's consumer and producer, over the broker in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaConnectionError,
    KafkaError,
    ProducerClosed,
    ProducerFenced,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from tests.faults.simulator.broker import Broker, Entry, Sent
from tests.faults.simulator.groups import Group, Joined
from tests.faults.simulator.loop import VirtualLoop
from tests.faults.simulator.network import Link

POLL_RECORDS = 500
AGAIN_S = 0.05


class Consumer:
    """Reads committed records by subscription, with a group, or by assignment."""

    def __init__(
        self, loop: VirtualLoop, link: Link, broker: Broker, group: Group | None, options: dict[str, Any]
    ) -> None:
        self._loop, self._link, self._broker, self._group = loop, link, broker, group
        self._kind = "group" if group is not None else "view"
        self._committed_only = options.get("isolation_level") == "read_committed"
        self._undecided = False
        self._instance: str | None = options.get("group_instance_id")
        self._session_s = options.get("session_timeout_ms", 10_000) / 1_000
        self._heartbeat_s = options.get("heartbeat_interval_ms", 3_000) / 1_000
        self._rebalance_s = options.get("rebalance_timeout_ms", 10_000) / 1_000
        self._listener: Any = None
        self._positions: dict[TopicPartition, int | None] = {}
        self._paused: set[TopicPartition] = set()
        self._member, self._generation = "", -1
        self._reassigning = False
        self._assigned = asyncio.Event()
        self._rejoin = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False
        self._wake: Callable[[], None] = lambda: None  # look again: something was sought or resumed

    # -------------------------------------------------------------- life

    def subscribe(self, topics: list[str], listener: Any) -> None:
        self._listener = listener

    def assign(self, places: Iterable[TopicPartition]) -> None:
        self._positions = dict.fromkeys(places)

    async def start(self) -> None:
        await self._link.request(lambda: None, self._kind)
        if self._listener is not None:
            self._rejoin.set()
            self._tasks = [self._loop.create_task(self._coordinate())]
            await self._assigned.wait()

    async def stop(self) -> None:
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._group is not None and self._member and self._instance is None:
            group, member = self._group, self._member
            with suppress(KafkaError):
                await self._link.request(lambda: group.leave(member), self._kind)

    def reads_undecided(self) -> None:
        """Read what no transaction has committed yet, as `isolation_level="read_uncommitted"` does."""
        self._committed_only = False
        self._undecided = True

    # -------------------------------------------------------------- reading

    async def getmany(
        self, *places: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Entry]]:
        until_s = self._loop.time() + timeout_ms / 1_000
        limit = max_records or POLL_RECORDS
        while True:
            if self._reassigning:
                await self._assigned.wait()
            if self._readable(places):
                await asyncio.sleep(self._link.delay_s(self._kind))
                found = {} if self._reassigning or self._link.away else self._drained(places, limit)
                if found:
                    return found
            left_s = until_s - self._loop.time()
            if left_s <= 0 or self._closed:
                return {}
            await self._news(places, left_s)

    def _readable(self, places: tuple[TopicPartition, ...]) -> bool:
        if self._reassigning or self._link.away:
            return False
        for place in places or self._positions:
            position = self._position(place)
            if position is not None and place not in self._paused and position < self._end(place):
                return True
        return False

    def _drained(self, places: tuple[TopicPartition, ...], limit: int) -> dict[TopicPartition, list[Entry]]:
        found: dict[TopicPartition, list[Entry]] = {}
        for place in places or tuple(self._positions):
            position = self._position(place)
            if position is None or place in self._paused or limit <= 0:
                continue
            records, self._positions[place] = self._broker.logs[place].read(
                position, limit, self._end(place), undecided=self._undecided
            )
            if records:
                found[place] = records
                limit -= len(records)
        return found

    def _position(self, place: TopicPartition) -> int | None:
        """Where a partition is read; what the group has committed, or its beginning, if nobody has said."""
        if place not in self._positions:
            return None
        position = self._positions[place]
        if position is None:
            committed = None if self._group is None else self._group.offsets.get(place)
            position = self._positions[place] = committed or 0
        return position

    def _end(self, place: TopicPartition) -> int:
        log = self._broker.logs[place]
        return log.stable if self._committed_only else log.end

    async def _news(self, places: tuple[TopicPartition, ...], left_s: float) -> None:
        waiter: asyncio.Future[None] = self._loop.create_future()

        def wake() -> None:
            if not waiter.done():
                waiter.set_result(None)

        self._wake = wake
        forget = self._broker.wait(lambda: self._readable(places), wake)
        timer = self._loop.call_later(left_s, wake)
        try:
            await waiter
        finally:
            forget()
            timer.cancel()

    # -------------------------------------------------------------- where it stands

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._ours(place)
        self._positions[place] = offset
        self._wake()

    async def seek_to_beginning(self, *places: TopicPartition) -> None:
        for place in places:
            self.seek(place, 0)

    async def position(self, place: TopicPartition) -> int:
        self._ours(place)
        return self._position(place) or 0

    def pause(self, *places: TopicPartition) -> None:
        for place in places:
            self._ours(place)
            self._paused.add(place)

    def resume(self, *places: TopicPartition) -> None:
        for place in places:
            self._ours(place)
            self._paused.discard(place)
        self._wake()

    def partitions_for_topic(self, topic: str) -> set[int]:
        return {place.partition for place in self._broker.logs if place.topic == topic}

    def paused(self) -> set[TopicPartition]:
        return set(self._paused)

    def last_stable_offset(self, place: TopicPartition) -> int:
        """As the last fetch said: after a silence that is old news."""
        self._ours(place)
        if self._link.away or self._loop.time() < self._link.stale_until_s:
            return self._link.before_stale.get(place, 0)
        return self._broker.logs[place].stable

    async def end_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return await self._link.request(lambda: {place: self._end(place) for place in places}, self._kind)

    async def beginning_offsets(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return await self._link.request(lambda: dict.fromkeys(places, 0), self._kind)

    def _ours(self, place: TopicPartition) -> None:
        if place not in self._positions:
            raise IllegalStateError(f"{place} is not assigned")

    # -------------------------------------------------------------- the group

    async def commit(self, offsets: dict[TopicPartition, int]) -> None:
        group = self._group
        assert group is not None
        for place in offsets:
            self._ours(place)
        member, generation = self._member, self._generation
        while True:
            try:
                await self._link.request(lambda: group.commit(member, generation, offsets), self._kind)
            except (UnknownMemberIdError, IllegalGenerationError, RebalanceInProgressError) as error:
                if not isinstance(error, RebalanceInProgressError):
                    self._forget()
                self._rejoin.set()
                raise CommitFailedError(str(error)) from error
            except KafkaConnectionError:
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _coordinate(self) -> None:
        beats: asyncio.Task[None] | None = None
        group = self._group
        assert group is not None
        while not self._closed:
            await self._rejoin.wait()
            if not self._reassigning:
                self._reassigning = True
                self._assigned.clear()
                await self._listener.on_partitions_revoked(set(self._positions))
            if beats is not None:
                beats.cancel()
            try:
                joined = await self._join(group)
            except (KafkaError, asyncio.CancelledError):
                if self._closed:
                    raise
                self._rejoin.set()
                await asyncio.sleep(AGAIN_S)
                continue
            self._rejoin.clear()
            self._member, self._generation = joined.member, joined.generation
            self._positions = dict.fromkeys(joined.places)
            self._paused.clear()
            self._reassigning = False
            await self._listener.on_partitions_assigned(set(joined.places))
            self._assigned.set()
            beats = self._loop.create_task(self._beat(group))
            self._tasks = [self._tasks[0], beats]

    async def _join(self, group: Group) -> Joined:
        waits = await self._link.request(
            lambda: group.join(self._member, self._instance, self._session_s, self._rebalance_s), self._kind
        )
        joined = await waits
        await asyncio.sleep(self._link.delay_s(self._kind))
        return joined

    async def _beat(self, group: Group) -> None:
        while not self._closed:
            await asyncio.sleep(self._heartbeat_s)
            try:
                await self._link.request(lambda: group.heartbeat(self._member, self._generation), self._kind)
            except RebalanceInProgressError:
                self._rejoin.set()
            except (UnknownMemberIdError, IllegalGenerationError):
                self._forget()
                self._rejoin.set()
                return
            except KafkaError:
                continue

    def _forget(self) -> None:
        self._member, self._generation = "", -1


class Batch:
    """Records for one partition, as `AIOKafkaProducer.create_batch` gives them."""

    def __init__(self, records_max: int) -> None:
        self.records: list[Sent] = []
        self._records_max = records_max

    def append(
        self, *, timestamp: int | None, key: bytes | None, value: bytes | None, headers: Any
    ) -> object | None:
        if len(self.records) >= self._records_max:
            return None
        self.records.append(Sent(key, value, tuple(headers)))
        return self


class Metadata:
    """What a produce request brings back."""

    def __init__(self, offset: int) -> None:
        self.offset = offset


class Producer:
    """A transactional producer: fenced by epoch, its requests in order."""

    def __init__(
        self, loop: VirtualLoop, link: Link, broker: Broker, options: dict[str, Any], records_max: int
    ) -> None:
        self._loop, self._link, self._broker = loop, link, broker
        self._name: str = options["transactional_id"]
        self._timeout_s = options.get("transaction_timeout_ms", 60_000) / 1_000
        self._records_max = records_max
        self._epoch = -1
        self._fatal: Exception | None = None
        self._arrived_s = 0.0
        self._sent: list[asyncio.Future[Metadata]] = []
        self._stopped = False
        self.client = self

    async def start(self) -> None:
        while True:
            epoch = await self._link.request(lambda: self._broker.register(self._name), "register")
            if epoch is not None:
                self._epoch = epoch
                return
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        self._stopped = True

    async def close(self) -> None:
        self._stopped = True

    async def begin_transaction(self) -> None:
        self._sent = []
        while True:
            begun = await self._do(
                lambda: self._broker.begin(self._name, self._epoch, self._loop.time(), self._timeout_s)
            )
            if begun:
                return
            await asyncio.sleep(0.02)

    def create_batch(self) -> Batch:
        return Batch(self._records_max)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> asyncio.Future[Metadata]:
        self._check()
        place, records = TopicPartition(topic, partition), list(batch.records)
        future: asyncio.Future[Metadata] = self._loop.create_future()
        self._arrived_s = self._link.send(
            lambda: Metadata(self._broker.produce(self._name, self._epoch, place, records)),
            future,
            "produce",
            at_s=self._arrived_s,
        )
        future.add_done_callback(self._note)
        self._sent.append(future)
        return future

    async def commit_transaction(self) -> None:
        """End it once all that was sent is answered; what failed does not hinder it, as with aiokafka."""
        for future in self._sent:
            with suppress(Exception):
                await asyncio.shield(future)
        await self._do(lambda: self._broker.end(self._name, self._epoch, commit=True), "commit")

    async def _do(self, act: Callable[[], Any], kind: str = "transaction") -> Any:
        self._check()
        try:
            return await self._link.request(act, kind, at_s=self._arrived_s)
        except ProducerFenced as error:
            self._fatal = error
            raise

    def _note(self, future: asyncio.Future[Metadata]) -> None:
        if not future.cancelled() and isinstance(future.exception(), ProducerFenced):
            self._fatal = future.exception()  # type: ignore[assignment]

    def _check(self) -> None:
        if self._stopped:
            raise ProducerClosed
        if self._fatal is not None:
            raise self._fatal
