"""Serving: serve on one partition of ``listener-events``: listeners, their timers, and what goes out."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from features.track.layout import EVENT
from numeric.arrays import Bytes
from pipelines.erase import erase
from pipelines.faust_worker.cache import PROGRESS, Cache, progress_value
from pipelines.kafka.burial import Burial
from pipelines.kafka.listener_events import KIND_OF, read_event
from pipelines.kafka.outputs import Output, ServeOutputs
from pipelines.kafka.track_partitions import TrackPartitions
from pipelines.listener import Listener
from pipelines.listeners import FAMILY, UNREADABLE, Listeners, body_of
from pipelines.metrics import Metrics
from pipelines.serve import Transition, fire_timers, serve
from pipelines.settings import Settings
from pipelines.timer_queue import TimerQueue
from pipelines.views import Views
from state.checkpoint import NOTHING, Batch
from state.keys import key, prefix
from state.store import StoreError
from topics.dead_letter import Rejected
from topics.erasure import Erasure
from topics.play import Play
from topics.registry import Topic
from topics.request import Request

LOG_APPEND_TIME = 1
SKEW_MS = 60_000  # by which brokers' clocks may differ from ours, where nothing but a clock tells time


class _Due(Struct, frozen=True, array_like=True):
    """The beginning of a stored listener: as much as tells when its next timer is due."""

    names: msgspec.Raw
    old: msgspec.Raw
    kept: msgspec.Raw
    floor_ms: int
    newest_ms: int
    open_ms: int
    due_ms: int


_due = msgspec.msgpack.Decoder(_Due)


class Serving:
    """The listeners of one partition; `take` decides in memory, `batch` says what is to survive of it."""

    def __init__(
        self,
        partition: int,
        cache: Cache,
        topics: dict[str, Topic],
        views: Views,
        burial: Burial,
        metrics: Metrics,
        settings: Settings,
    ) -> None:
        self._partition, self._views, self._settings = partition, views, settings
        names = {name: topic.name for name, topic in topics.items()}
        self._changelog = names["serve-changelog"]
        table = views.table
        share = settings.worker.decoded_listeners // topics["listener-events"].partitions
        self._listeners = Listeners(
            cache.store, table.names, table.handle, durable=True, decoded_max=max(share, 100)
        )
        self._outputs: list[Output] = []
        self._erased: list[bytes] = []  # keys of listeners who asked for it since the last batch
        self._scored_ms: list[int] = []  # when the log received what was scored since the last commit
        self._burial = burial
        self._metrics = metrics
        self._timers = TimerQueue()
        self._batched = NOTHING  # the last offset that a batch told of
        self._events: list[Bytes] = []  # of tracks, since the last batch
        tracks = TrackPartitions(table, topics["track-events"].partitions)
        self._sent = ServeOutputs(names, topics["feedback"].partitions, tracks, views, settings)
        for listener_id, due_ms in _stored_timers(cache):
            self._timers.schedule(listener_id, due_ms)

    def take(self, record: Any) -> None:
        """Serve one record."""
        received_ms = record.timestamp if record.timestamp_type == LOG_APPEND_TIME else None
        if received_ms is not None:
            self._fire_due(received_ms - self._settings.sessions.timer_delay_ms)
        try:
            self._apply(read_event(record), received_ms)
        except Rejected as error:
            self._outputs.append(self._burial.rejected(record, error))
        except StoreError:
            raise  # not this record's fault: the store is made anew, and the record comes again
        except Exception as error:  # noqa: BLE001  DESIGN 8: one record's failure stops nobody else's
            self._outputs.append(self._burial.failed(record, error))
        else:
            self._burial.failures.in_a_row = 0

    def idle(self, now_ms: int) -> None:
        """Fire the timers that no record to come can forestall: it would be received later than this."""
        if not self._settings.kafka.history:
            self._fire_due(now_ms - SKEW_MS - self._settings.sessions.timer_delay_ms)

    def batch(self, offset: int) -> Batch | None:
        """Return outputs, changed listeners and progress; None where nothing has happened since."""
        outputs, self._outputs = self._outputs, []
        if self._events:
            events, self._events = np.concatenate(self._events).view(EVENT), []
            outputs += self._sent.of_tracks(events)
        changes = self._listeners.changes()
        if not (outputs or changes) and offset == self._batched:
            return None
        self._batched = offset
        erased, self._erased = tuple(name for name in self._erased if changes.get(name, b"") is None), []
        changes[PROGRESS] = progress_value(offset)
        outputs += [
            Output(self._changelog, self._partition, name, value, []) for name, value in changes.items()
        ]
        return Batch(offset, outputs, changes, erased)

    def committed(self, now_ms: int) -> None:
        """Measure how long scores took that can be read from now on: since the log received their cause."""
        for received_ms in self._scored_ms:
            self._metrics.latency.observe(max(now_ms - received_ms, 0) / 1_000)
        self._scored_ms.clear()

    def listener(self, listener_id: str) -> Listener | None:
        """Return what is kept of a listener, None for somebody not known here."""
        return self._listeners.get(listener_id)

    def _apply(self, record: Play | Request | Erasure, received_ms: int | None) -> None:
        listener_id = record.listener_id
        before = self._listeners.get(listener_id)
        if isinstance(record, Erasure):
            done = erase(before, record, self._views, self._settings, received_ms)
            self._erased.append(key(FAMILY, listener_id))
        else:
            done = serve(before, record, self._views, self._settings, received_ms)
        self._absorb(listener_id, done)
        self._metrics.took(KIND_OF[type(record)], done)
        if done.decided is not None and received_ms is not None:
            self._scored_ms.append(received_ms)

    def _absorb(self, listener_id: str, done: Transition) -> None:
        """Emit, then remember; what raises here changes nothing: encoding comes first."""
        outputs = list(self._sent.of(listener_id, self._partition, done))
        self._listeners.put(listener_id, done.state)
        if done.state is not None:
            self._timers.schedule(listener_id, done.state.due_ms)
        self._outputs += outputs
        self._events += done.event_bytes

    def _fire_due(self, until_ms: int) -> None:
        for scheduled_ms, listener_id in self._timers.due(until_ms):
            state = self._listeners.get(listener_id)
            if state is None:
                continue
            if state.due_ms > scheduled_ms:
                self._timers.schedule(listener_id, state.due_ms)
                continue
            done = fire_timers(state, listener_id, scheduled_ms, self._views, self._settings)
            self._absorb(listener_id, done)
            self._metrics.emitted(done)


def _stored_timers(cache: Cache) -> Iterator[tuple[str, int]]:
    """Yield every stored listener's next timer, without reading the rest."""
    start = prefix(FAMILY)
    for name, value in cache.store.scan(start):
        listener_id = name[len(start) :].decode()
        try:
            due_ms = _due.decode(body_of(value, listener_id)).due_ms
        except UNREADABLE as error:
            detail = f"the state of listener {listener_id!r} cannot be read ({error})"
            raise StoreError("torn", detail) from None
        yield listener_id, due_ms
