"""TopicViews: views as the compacted topics tell them, record by record, whoever reads the topics."""

import logging
from collections.abc import Callable
from typing import Any

from bandits.evidence import Evidence
from pipelines.collect import recent_row_of
from pipelines.kafka.letters import schema_of
from pipelines.kafka.snapshots import evidence_in, head_of
from pipelines.learn import SKIPS, Versions, versions_of
from pipelines.settings import Settings
from pipelines.views import Views
from topics.codec import decode
from topics.recent_play import RecentPlay
from topics.track import Track
from topics.track_facts import TrackFacts

log = logging.getLogger(__name__)

VIEWED = ("tracks", "track-facts", "policy-snapshots", "recent-plays")

Wanted = dict[tuple[str, int], tuple[int, bytes]]  # (policy, shard) → version, snapshot


class TopicViews:
    """Applies records to ``views``; a version is made apart from that, since it takes long.

    ``news`` tells that there are snapshots of which no version was made yet: `wanted`, then `made`, which
    may run in another thread, then the version is the caller's to put in its place.
    """

    def __init__(self, views: Views, shards: int, settings: Settings) -> None:
        self.views, self._settings, self._shards = views, settings, shards
        self.skipped = 0
        self.news = False
        self._apply: dict[str, Callable[[Any], None]] = {
            "tracks": self._list,
            "track-facts": self._count,
            "policy-snapshots": self._note,
            "recent-plays": self._append,
        }
        self._appended: dict[int, int] = {}  # partition of recent-plays → last offset that is in the view
        self._snapshots: Wanted = {}
        self._evidence: dict[tuple[str, int], tuple[int, Evidence]] = {}

    def take(self, name: str, records: list[Any]) -> None:
        """Apply records of a topic, by its name without prefix."""
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
            self.news = True

    def wanted(self) -> Wanted:
        """Return the newest snapshots of all shards that have learned anything; they are no news any more."""
        self.news = False
        name = self._settings.policy.name
        shards = [
            shard
            for shard in range(self._shards)
            if self._version((name, shard)) == self._version((SKIPS, shard)) != 0
        ]
        return {
            (policy, shard): self._snapshots[policy, shard] for policy in (name, SKIPS) for shard in shards
        }

    def made(self, wanted: Wanted) -> Versions:
        """Return the version that these snapshots make together."""
        for key, (version, value) in wanted.items():
            if key not in self._evidence or self._evidence[key][0] != version:
                snapshot = decode(value, "policy-snapshot.v1")
                self._evidence[key] = (version, evidence_in(snapshot, self._settings))
        name = self._settings.policy.name
        shards = sorted({shard for _, shard in wanted})
        numbers = [0] * self._shards
        for shard in shards:
            numbers[shard] = wanted[name, shard][0]
        return versions_of(
            [(self._evidence[name, shard][1], self._evidence[SKIPS, shard][1]) for shard in shards],
            numbers,
            self._settings,
        )

    def _version(self, key: tuple[str, int]) -> int:
        return self._snapshots.get(key, (0, b""))[0]
