"""Follower: reads topics as they grow, outside every group, and hands each committed record on, once."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from pipelines.faust_worker.machine import LocalMachine
from pipelines.faust_worker.reader import consumer_of
from pipelines.live_settings import Kafka
from topics.registry import Topic

log = logging.getLogger(__name__)

FETCH_WAIT_MS = 20  # a fetch that waits for other partitions keeps a record waiting for so long
POLL_MS = 200
RECORDS = 500  # handed on before anybody else has a turn
BACKOFF_S = 1.0

Apply = Callable[[Any], None]


class Follower:
    """Goes from a place near a topic's end, or from its beginning, on and on; after a failure where it was.

    ``behind`` says for each topic how many of its newest records to begin with, None: all.
    """

    def __init__(
        self,
        topics: Mapping[str, Topic],
        apply: Mapping[str, Apply],
        behind: Mapping[str, int | None],
        settings: Kafka,
    ) -> None:
        self.ready = asyncio.Event()  # once the places to begin from are known
        self.fault = ""
        self.skipped = 0  # records that could not be used
        self._topics, self._behind, self._machine = topics, behind, LocalMachine(settings)
        self._apply = {topics[name].name: handle for name, handle in apply.items()}
        self._next: dict[TopicPartition, int] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as error:
                self.fault = f"Kafka cannot be read: {type(error).__name__}: {error}"
                log.warning("%s; trying again in %.0f s", self.fault[:300], BACKOFF_S)
                await asyncio.sleep(BACKOFF_S)

    async def _follow(self) -> None:
        async with AsyncExitStack() as stack:
            consumer = consumer_of(self._machine, fetch_max_wait_ms=FETCH_WAIT_MS)
            stack.push_async_callback(consumer.stop)  # of one that did not start, too
            await consumer.start()
            places = [
                TopicPartition(self._topics[name].name, number)
                for name in self._behind
                for number in range(self._topics[name].partitions)
            ]
            consumer.assign(places)
            if not self._next:
                self._next = await self._beginnings(consumer, places)
            for place, offset in self._next.items():
                consumer.seek(place, offset)
            self.fault = ""
            self.ready.set()
            while True:
                batches = await consumer.getmany(timeout_ms=POLL_MS, max_records=RECORDS)
                for place, records in batches.items():
                    self._hand_on(self._apply[place.topic], records)
                    self._next[place] = records[-1].offset + 1

    async def _beginnings(self, consumer: Any, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        firsts = await consumer.beginning_offsets(places)
        ends = await consumer.end_offsets(places)
        behind = {self._topics[name].name: count for name, count in self._behind.items()}

        def beginning(place: TopicPartition) -> int:
            count = behind[place.topic]
            return int(firsts[place] if count is None else max(firsts[place], ends[place] - count))

        return {place: beginning(place) for place in places}

    def _hand_on(self, apply: Apply, records: list[Any]) -> None:
        for record in records:
            try:
                apply(record)
            except Exception:  # one record that cannot be read must not take the others along
                self.skipped += 1
                log.exception(
                    "%s[%d]@%d cannot be used, passed over", record.topic, record.partition, record.offset
                )
