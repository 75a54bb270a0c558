"""ViewsReader: keeps this process's views current: tracks, facts, recent plays, the version that decides."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from bandits.evidence import Evidence
from pipelines.collect import recent_row_of
from pipelines.faust_worker.learning import evidence_in, head_of
from pipelines.faust_worker.machine import Machine
from pipelines.faust_worker.reader import WAIT_MS, consumer_of
from pipelines.kafka.letters import schema_of
from pipelines.learn import SKIPS, Versions, versions_of
from pipelines.metrics import Metrics
from pipelines.settings import Settings
from pipelines.views import Views
from topics.codec import decode
from topics.recent_play import RecentPlay
from topics.registry import Topic
from topics.track import Track
from topics.track_facts import TrackFacts

log = logging.getLogger(__name__)

VIEWED = ("tracks", "track-facts", "policy-snapshots", "recent-plays")
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
        self.skipped = 0
        self._machine = machine
        self._topics, self._settings = topics, settings
        self._names = {topics[name].name: name for name in VIEWED}
        self._apply: dict[str, Callable[[Any], None]] = {
            "tracks": self._list,
            "track-facts": self._count,
            "policy-snapshots": self._note,
            "recent-plays": self._append,
        }
        self._appended: dict[int, int] = {}  # partition of recent-plays → last offset that is in the view
        self._snapshots: dict[tuple[str, int], tuple[int, bytes]] = {}  # (policy, shard) → version, value
        self._evidence: dict[tuple[str, int], tuple[int, Evidence]] = {}
        self._news = False

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
                    self._take(self._names[place.topic], records)
                if not batches:
                    self.read_at = dict.fromkeys(VIEWED, self._machine.now_ms() / 1_000)
                if self._news:
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

    def _take(self, name: str, records: list[Any]) -> None:
        apply = self._apply[name]
        for record in records:
            try:
                apply(record)
            except Exception:  # a record that cannot be read must not take the other views along
                self.skipped += 1
                log.exception(
                    "%s[%d]@%d cannot be used, passed over", record.topic, record.partition, record.offset
                )

    def _list(self, record: Any) -> None:
        if record.value is not None:
            found = decode(record.value, schema_of(record.headers))
            if isinstance(found, Track):
                self.views.table.list_track(found)

    def _count(self, record: Any) -> None:
        if record.value is not None:
            found = decode(record.value, schema_of(record.headers))
            if isinstance(found, TrackFacts):
                self.views.table.take(found)

    def _append(self, record: Any) -> None:
        """Add a play to the newest of all; one that is read a second time is there already."""
        if record.value is None or record.offset <= self._appended.get(record.partition, -1):
            return
        self._appended[record.partition] = record.offset
        found = decode(record.value, schema_of(record.headers))
        if isinstance(found, RecentPlay):
            mark, track, _ = recent_row_of(found, self.views.table)
            self.views.recent.append(mark, track, self.views.table)

    def _note(self, record: Any) -> None:
        if record.value is None:
            return
        head = head_of(record.value)
        if head.policy in {self._settings.policy.name, SKIPS}:
            self._snapshots[head.policy, head.shard] = (head.version, record.value)
            self._news = True

    async def _make_version(self) -> None:
        """Make the version of all shards' newest evidence, in a thread; then it decides."""
        self._news = False
        name = self._settings.policy.name
        shards = [
            shard
            for shard in range(self._topics["feedback"].partitions)
            if self._version((name, shard)) == self._version((SKIPS, shard)) != 0
        ]
        if not shards:
            return
        wanted = {
            (policy, shard): self._snapshots[policy, shard] for policy in (name, SKIPS) for shard in shards
        }
        made = await self._machine.aside(lambda: self._made(wanted))
        if made is not None:
            self.views.version, self.views.skips = made
            self._metrics.decides(made.rewards)

    def _version(self, key: tuple[str, int]) -> int:
        return self._snapshots.get(key, (0, b""))[0]

    def _made(self, wanted: dict[tuple[str, int], tuple[int, bytes]]) -> Versions | None:
        for key, (version, value) in wanted.items():
            if key not in self._evidence or self._evidence[key][0] != version:
                snapshot = decode(value, "policy-snapshot.v1")
                self._evidence[key] = (version, evidence_in(snapshot, self._settings))
        name = self._settings.policy.name
        shards = sorted({shard for _, shard in wanted})
        numbers = [0] * self._topics["feedback"].partitions
        for shard in shards:
            numbers[shard] = wanted[name, shard][0]
        return versions_of(
            [(self._evidence[name, shard][1], self._evidence[SKIPS, shard][1]) for shard in shards],
            numbers,
            self._settings,
        )
