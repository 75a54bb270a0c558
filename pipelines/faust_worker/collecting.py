"""Collecting: collect on one partition of ``track-events``: facts of its tracks, published now and then."""

from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from features.track.layout import EVENT
from numeric.arrays import Bytes, bytes_of
from pipelines.collect import collect, rows_of
from pipelines.faust_worker.cache import PROGRESS, VERSION, Cache, progress_value
from pipelines.kafka.burial import Burial
from pipelines.kafka.letters import schema_of
from pipelines.kafka.outputs import Output, schema
from pipelines.settings import Settings
from pipelines.views import new_table
from state.checkpoint import Batch
from state.envelope import seal, unseal
from state.keys import key, prefix
from topics.codec import decode, encode
from topics.dead_letter import Rejected
from topics.registry import Topic
from topics.track_events import TrackEvents
from topics.track_facts import TrackFacts

FAMILY = "facts"
FACTS = schema("track-facts.v1")


class StoredFacts(Struct, frozen=True, array_like=True):
    """What is kept of a track: its facts, and how far the world has heard of them."""

    facts: TrackFacts
    published_ms: int  # event time of the partition when they were published last
    news: bool  # they have changed since


_encode = msgspec.msgpack.encode
_decoder = msgspec.msgpack.Decoder(StoredFacts)


class Collecting:
    """The facts of one partition's tracks."""

    def __init__(
        self, partition: int, cache: Cache, burial: Burial, topics: dict[str, Topic], settings: Settings
    ) -> None:
        self._partition, self._settings = partition, settings
        self._names = {name: topic.name for name, topic in topics.items()}
        self._burial = burial
        self.table = new_table(settings)
        self._published: dict[int, int] = {}  # handle → event time
        self._news: dict[int, None] = {}  # handles, the longest unheard first
        self._changed: set[int] = set()  # since the last batch
        self._newest_ms = 0
        self._events: list[Bytes] = []
        self._buried: list[Output] = []
        self._restore(cache)

    def take(self, record: Any) -> None:
        """Gather a record's events; `batch` counts them together."""
        try:
            found = decode(record.value or b"", schema_of(record.headers))
            if not isinstance(found, TrackEvents):
                raise Rejected("unknown_schema", "expected track-events.v1 on this topic", "schema")
            events = rows_of(found, self.table)
        except Rejected as error:
            self._buried.append(self._burial.rejected(record, error))
            return
        self._events.append(bytes_of(events))

    def idle(self, now_ms: int) -> None:  # noqa: ARG002  event time stands still with the partition
        """Publish all news: nobody knows when the next event comes."""
        self._newest_ms += self._settings.worker.facts_ms if self._news else 0

    def committed(self, now_ms: int) -> None:
        """Do nothing: nobody waits for this."""

    def batch(self, offset: int) -> Batch | None:
        """Count what was gathered; return changed facts, and those whose turn it is to be published."""
        self._count()
        due = [handle for handle in self._news if self._is_due(handle)]
        outputs, self._buried = self._buried, []
        if not (self._changed or due or outputs):
            return None
        for handle in due:
            del self._news[handle]
            self._published[handle] = self._newest_ms
            facts = self.table.facts(handle)
            outputs.append(
                Output(
                    self._names["track-facts"], self._partition, facts.track_id.encode(), encode(facts), FACTS
                )
            )
        changes: dict[bytes, bytes | None] = {
            key(FAMILY, self.table.names[handle]): self._stored(handle)
            for handle in sorted(self._changed.union(due))
        }
        changes[PROGRESS] = progress_value(offset)
        self._changed.clear()
        changelog = self._names["collect-changelog"]
        outputs += [Output(changelog, self._partition, name, value, []) for name, value in changes.items()]
        return Batch(offset, outputs, changes)

    def _count(self) -> None:
        if not self._events:
            return
        events = np.concatenate(self._events)
        collect(self.table, events)
        rows = events.view(EVENT)
        self._newest_ms = max(self._newest_ms, int(rows["at_ms"].max()))
        for handle in np.unique(rows["track"]).tolist():
            self._changed.add(handle)
            self._news.setdefault(handle)
        self._events.clear()

    def _is_due(self, handle: int) -> bool:
        return self._newest_ms - self._published.get(handle, -(2**62)) >= self._settings.worker.facts_ms

    def _stored(self, handle: int) -> bytes:
        published_ms = self._published.get(handle, 0)
        return seal(
            VERSION, _encode(StoredFacts(self.table.facts(handle), published_ms, handle in self._news))
        )

    def _restore(self, cache: Cache) -> None:
        for name, value in cache.store.scan(prefix(FAMILY)):
            stored = _decoder.decode(unseal(value, VERSION, what=f"the facts {name!r}"))
            handle = self.table.take(stored.facts)
            self._published[handle] = stored.published_ms
            self._newest_ms = max(self._newest_ms, stored.published_ms, stored.facts.at_ms)
            if stored.news:
                self._news[handle] = None
