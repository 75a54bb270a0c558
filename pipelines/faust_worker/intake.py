"""Intake: reads one step's input in its group, and gives every partition its records."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from pipelines.failures import Halted
from pipelines.faust_worker.machine import Machine
from pipelines.faust_worker.partition import Partition, Source
from pipelines.kafka.owners import group_of
from pipelines.settings import Settings
from topics.registry import Topic

log = logging.getLogger(__name__)

FETCH_WAIT_MS = 20  # a partition that has just been emptied waits this long for a fetch of the others
POLL_MS = 200
METADATA_MS = 30_000  # by when another number of partitions is noticed
HINT_S = 2.0  # between two commits of how far was read
AGAIN_S = 1.0  # after a failure
ANSWER_S = 5.0
STOP_S = 10.0


class Intake(Source, ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka comes without types
    """Owns the consumer of one step's group, and one `Partition` for each that is assigned.

    Partitions that stay here across a rebalance keep their state: had anybody else opened one meanwhile,
    its producer would be fenced, and it opens anew. An intake halts where the topic has another number of
    partitions than the settings say: states stay in the partition they were made in.
    """

    def __init__(
        self,
        step: str,
        topic: Topic,
        refuse: Callable[[int], str],
        make_partition: Callable[[int, Source], Partition],
        settings: Settings,
        machine: Machine,
        ready: asyncio.Event | None = None,
    ) -> None:
        self.step, self.topic = step, topic.name
        self._expected, self._refuse = topic.partitions, refuse  # refuse: words for any other number of them
        self.partitions: dict[int, Partition] = {}
        self.fault = ""
        self.generations = 0
        self.ready = ready  # what must be known before the first record
        self._make_partition, self._settings, self._machine = make_partition, settings, machine
        self._ends = False
        self._runs: dict[int, asyncio.Task[None]] = {}
        self._acknowledged: dict[int, int] = {}
        self._closing: set[asyncio.Task[Any]] = set()
        self._consumer: Any = None

    @property
    def group(self) -> str:
        """The name of this step's group."""
        return group_of(self.step, self._settings)

    # -------------------------------------------------------------- what the service calls

    async def run(self) -> None:
        """Read until `end`, through every failure that passes."""
        if self.ready is not None:
            await self.ready.wait()
        while not self._ends:
            try:
                await self._follow()
            except Halted as error:
                self.fault = str(error)
                log.error("%s halts: %s", self.step, error)
                while not self._ends:  # noqa: ASYNC110  only a person can help
                    await asyncio.sleep(AGAIN_S)
            except (KafkaError, OSError) as error:
                self.fault = f"{type(error).__name__}: {error}"
                log.warning("%s cannot read (%s), trying again", self.step, self.fault[:300])
                await asyncio.sleep(AGAIN_S)

    async def _follow(self) -> None:
        worker = self._settings.worker
        consumer = self._machine.consumer(
            client_id=client_id(self._settings),
            group_id=self.group,
            group_instance_id=f"{worker.instance}-{self.step}" if worker.instance else None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=worker.session_ms,
            heartbeat_interval_ms=max(worker.session_ms // 5, 200),
            rebalance_timeout_ms=max(worker.session_ms, 10_000),
            fetch_max_wait_ms=FETCH_WAIT_MS,
            retry_backoff_ms=50,
            metadata_max_age_ms=METADATA_MS,
        )
        self._consumer = consumer
        consumer.subscribe([self.topic], listener=self)
        await consumer.start()
        try:
            while not self._ends:
                batches = await consumer.getmany(timeout_ms=POLL_MS)
                if wrong := self._miscounted():
                    raise Halted(wrong)
                self.fault = ""
                for place, records in batches.items():
                    partition = self.partitions.get(place.partition)
                    if partition is not None and partition.feed(records):
                        consumer.pause(place)
        finally:
            await self._drop(set(self.partitions))
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(ANSWER_S):
                    await consumer.stop()

    async def hint(self) -> None:
        """Say how far every partition was read, and look how far that is from the end; every `HINT_S`."""
        await self._commit_hints()
        for number, partition in list(self.partitions.items()):
            behind = await self.behind(number)
            partition.lag = None if behind is None else behind + partition.waiting

    async def _commit_hints(self) -> None:
        """Commit how far every partition was read; nothing hangs on it."""
        hints = {
            self._place(p): offset + 1 for p, offset in self._acknowledged.items() if p in self.partitions
        }
        self._acknowledged.clear()
        if hints and self._consumer is not None:
            with suppress(KafkaError, TimeoutError, IllegalStateError):
                async with asyncio.timeout(ANSWER_S):
                    await self._consumer.commit(hints)

    async def end(self) -> None:
        """Let every partition finish its batch, and `run` its end."""
        self._ends = True
        await asyncio.gather(*(partition.hold() for partition in self.partitions.values()))
        await self._commit_hints()

    # -------------------------------------------------------------- rebalances

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Finish what is under way: whoever comes next need not undo it."""
        await asyncio.gather(*(partition.hold() for partition in self.partitions.values()))
        if revoked:
            await self._commit_hints()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Drop what went, keep what stayed, open what came; the opening itself must not block the group."""
        self.generations += 1
        numbers = {place.partition for place in assigned}
        if self._miscounted():
            return  # what is here holds, and is dropped by whoever reads
        log.info("%s has partitions %s", self.step, sorted(numbers))
        for number in numbers:
            if number not in self.partitions:
                self._pause(number)
        gone = set(self.partitions) - numbers
        if gone:
            closing = asyncio.create_task(self._drop(gone))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        for number in sorted(numbers & set(self.partitions)):
            self.partitions[number].go()
        for number in sorted(numbers - set(self.partitions)):
            self._open(number)

    def _miscounted(self) -> str:
        """Return what is wrong with the number of partitions, empty if nothing is known to be.

        Where somebody added some, producers send listeners to partitions that do not know them.
        """
        there = self._consumer.partitions_for_topic(self.topic)
        return "" if not there or len(there) == self._expected else self._refuse(len(there))

    def _open(self, number: int) -> None:
        partition = self._make_partition(number, self)
        former = self._runs.get(number)
        self.partitions[number] = partition

        async def run() -> None:
            if former is not None:  # its store is one directory: only one of us can have it
                await asyncio.wait({former})
            await partition.run()

        self._runs[number] = asyncio.create_task(run(), name=f"{self.step}-{number}")

    async def _drop(self, numbers: set[int]) -> None:
        tasks = [self._runs[number] for number in numbers if self.partitions.pop(number, None) is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_S)

    # -------------------------------------------------------------- what a partition asks for

    def read_from(self, partition: int, offset: int) -> None:
        """Read from this offset on."""
        if self._consumer is not None:
            with suppress(IllegalStateError):  # no longer ours: the rebalance that says so is on its way
                self._consumer.seek(self._place(partition), offset)
                self._consumer.resume(self._place(partition))

    def read_on(self, partition: int) -> None:
        """Go on reading where it was paused."""
        if self._consumer is not None:
            with suppress(IllegalStateError):
                place = self._place(partition)
                if place in self._consumer.paused():
                    self._consumer.resume(place)

    def acknowledge(self, partition: int, offset: int) -> None:
        """Note how far was read."""
        self._acknowledged[partition] = offset

    async def behind(self, partition: int) -> int | None:
        """Return how many offsets the consumer is from the end, as of the last fetch; None while unknown."""
        if self._consumer is None:
            return None
        place = self._place(partition)
        try:
            end = self._consumer.last_stable_offset(place)
            async with asyncio.timeout(ANSWER_S):
                position = await self._consumer.position(place)
        except (IllegalStateError, AssertionError, KafkaError, TimeoutError):
            return None
        return None if end is None else max(end - position, 0)

    async def is_ours(self, partition: int, offset: int) -> bool:
        """Ask the group: a commit succeeds only for a member of its present generation."""
        if self._consumer is None:
            return False
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._consumer.commit({self._place(partition): max(offset, 0)})
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            log.info("%s[%d] is not proven to be ours (%s)", self.step, partition, type(error).__name__)
            return False
        return True

    def _pause(self, partition: int) -> None:
        if self._consumer is not None:
            self._consumer.pause(self._place(partition))

    def _place(self, partition: int) -> TopicPartition:
        return TopicPartition(self.topic, partition)


def client_id(settings: Settings) -> str:
    """Return what a worker's consumers are called: where its web port answers, so that others find it."""
    worker = settings.worker
    return worker.web_address or f"{worker.web_host}:{worker.web_port}"
