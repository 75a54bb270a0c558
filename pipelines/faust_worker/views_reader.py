"""ViewsReader: keeps this process's views current: tracks, facts, recent plays, the version that decides."""

import asyncio
import logging

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from pipelines.faust_worker.machine import Machine
from pipelines.faust_worker.reader import WAIT_MS, consumer_of
from pipelines.kafka.topic_views import VIEWED, TopicViews
from pipelines.metrics import Metrics
from pipelines.settings import Settings
from pipelines.views import Views
from topics.registry import Topic

log = logging.getLogger(__name__)

RECORDS = 500  # applied before anybody else has a turn
BACKOFF_S = 1.0


class ViewsReader:
    """Reads what views are made of by assignment, outside every group: a rebalance does not touch it.

    `ready` is set once all that was there at the start is known. A view that cannot be read keeps what
    it knows and says how old that is.
    """

    def __init__(
        self, views: Views, metrics: Metrics, topics: dict[str, Topic], settings: Settings, machine: Machine
    ) -> None:
        self.views, self._metrics = views, metrics
        self.ready = asyncio.Event()
        self.read_at: dict[str, float] = {}  # topic → when it was last known to be read to its end
        self._machine = machine
        self._topics = topics
        self._names = {topics[name].name: name for name in VIEWED}
        self._told = TopicViews(views, topics["feedback"].partitions, settings)

    @property
    def skipped(self) -> int:
        """How many records could not be used."""
        return self._told.skipped

    async def run(self) -> None:
        """Read on and on, through every failure that passes."""
        while True:
            try:
                await self._follow()
            except (KafkaError, OSError) as error:
                log.warning("views cannot be read (%s), trying again in %.0f s", error, BACKOFF_S)
                await asyncio.sleep(BACKOFF_S)

    async def _follow(self) -> None:
        consumer = consumer_of(self._machine, fetch_max_wait_ms=WAIT_MS)
        await consumer.start()
        try:
            places = [
                TopicPartition(self._topics[name].name, p)
                for name in VIEWED
                for p in range(self._topics[name].partitions)
            ]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            waiting = set(places)
            while True:
                batches = await consumer.getmany(timeout_ms=WAIT_MS, max_records=RECORDS)
                for place, records in batches.items():
                    self._told.take(self._names[place.topic], records)
                if not batches:
                    self.read_at = dict.fromkeys(VIEWED, self._machine.now_ms() / 1_000)
                if self._told.news:
                    await self._make_version()
                if waiting:
                    waiting = {place for place in waiting if await consumer.position(place) < ends[place]}
                    if not waiting and not self.ready.is_set():
                        log.info(
                            "views are read: %d tracks, version %s",
                            len(self.views.table),
                            self.views.version.name,
                        )
                        self.ready.set()
        finally:
            await consumer.stop()

    async def _make_version(self) -> None:
        """Make the version of all shards' newest evidence, in a thread; then it decides."""
        wanted = self._told.wanted()
        if not wanted:
            return
        made = await self._machine.aside(lambda: self._told.made(wanted))
        self.views.version, self.views.skips = made
        self._metrics.decides(made.rewards)
