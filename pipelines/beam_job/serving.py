"""Serving: serve as a stateful DoFn keyed by listener, its timers in event time."""

from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.coders import BytesCoder
from apache_beam.transforms.timeutil import TimeDomain
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec, TimerSpec, on_timer
from apache_beam.transforms.window import GlobalWindows
from apache_beam.utils.shared import Shared
from msgspec.structs import replace

from features.track.layout import EVENT
from numeric.arrays import Bytes
from pipelines.beam_job.counts import Counts
from pipelines.beam_job.held_views import HeldViews, held
from pipelines.beam_job.source import timestamp, unpacked
from pipelines.erase import erase
from pipelines.kafka.burial import Burial
from pipelines.kafka.listener_events import KIND_OF, read_event
from pipelines.kafka.outputs import ServeOutputs
from pipelines.kafka.read import Record
from pipelines.kafka.topics import topics_of
from pipelines.kafka.track_partitions import TrackPartitions
from pipelines.listener import Listener, restore_listener, store_listener
from pipelines.listeners import VERSION, body_of
from pipelines.serve import Transition, fire_timers, serve
from pipelines.settings import Settings
from state.envelope import seal
from topics.dead_letter import Rejected
from topics.erasure import Erasure

FEEDBACK, TRACK_EVENTS = "feedback", "track-events"
LATEST_MS = GlobalWindows.windowed_value(None).windows[0].max_timestamp().micros // 1_000 - 1


PARTITION_BYTES = 4  # in front of a stored listener: a timer has no record that tells it


class After(NamedTuple):
    """A listener as they are to be remembered; None for one to be forgotten."""

    key: bytes
    state: Listener | None
    stored: bytes | None


def partition_in(stored: bytes) -> int:
    """Return the partition that a stored listener came from."""
    return int.from_bytes(stored[:PARTITION_BYTES])


class Serve(beam.DoFn):  # type: ignore[misc]  # beam has no types
    """Take (listener, packed record) in log order; yield what is sent, feedback and track events by tag.

    ``views`` is a state directory that every worker can read, or None for what the topics tell.
    """

    LISTENER = ReadModifyWriteStateSpec("listener", BytesCoder())
    DUE = TimerSpec("due", TimeDomain.WATERMARK)

    def __init__(self, settings: Settings, views: Path | None) -> None:
        self._settings, self._pinned = settings, views
        self._shared = Shared()

    def setup(self) -> None:
        """Find this process's views, and make what is kept between bundles."""
        settings = self._settings
        topics = topics_of(settings.kafka)
        self._held: HeldViews = self._shared.acquire(lambda: held(settings, self._pinned))
        views = self._held.views
        names = {name: topic.name for name, topic in topics.items()}
        tracks = TrackPartitions(views.table, topics["track-events"].partitions)
        self._sent = ServeOutputs(names, topics["feedback"].partitions, tracks, views, settings)
        self._counts = Counts()
        self._burial = Burial(names["dead-letters"], self._counts)
        self._decoded: OrderedDict[bytes, tuple[bytes, Listener]] = OrderedDict()

    def start_bundle(self) -> None:
        """Begin with nothing to be told of tracks: a bundle that failed is done again from its start."""
        self._events: list[Bytes] = []
        self._newest: Any = None

    def process(
        self,
        element: tuple[bytes, bytes],
        at: Any = beam.DoFn.TimestampParam,
        stored: Any = beam.DoFn.StateParam(LISTENER),  # noqa: B008  Beam's way
        due: Any = beam.DoFn.TimerParam(DUE),  # noqa: B008
    ) -> list[Any]:
        """Serve one record."""
        record, self._newest = unpacked(element[1]), at
        value = stored.read()
        with self._held.lock:
            try:
                found, after = self._served(record, value)
            except Rejected as error:
                return [self._burial.rejected(record, error)]
            except Exception as error:  # noqa: BLE001  DESIGN 8: one record's failure stops nobody else's
                return [self._burial.failed(record, error)]
        self._burial.failures.in_a_row = 0
        self._remember(after, stored, due)
        return found

    @on_timer(DUE)  # type: ignore[untyped-decorator]
    def fire(
        self,
        key: Any = beam.DoFn.KeyParam,
        at: Any = beam.DoFn.TimestampParam,
        stored: Any = beam.DoFn.StateParam(LISTENER),  # noqa: B008
        due: Any = beam.DoFn.TimerParam(DUE),  # noqa: B008
    ) -> list[Any]:
        """Fire what no record to come can forestall: it would be received later than this."""
        self._newest = at
        value = stored.read()
        if value is None:
            return []
        until_ms = at.micros // 1_000 - self._settings.sessions.timer_delay_ms
        with self._held.lock:
            state = self._restored(key, value)
            done = fire_timers(state, key.decode(), until_ms, self._held.views, self._settings)
            found, after = self._absorbed(key, partition_in(value), done)
        self._counts.emitted(done)
        self._remember(after, stored, due)
        return found

    def finish_bundle(self) -> Iterator[Any]:
        """Tell what happened to tracks."""
        if not self._events:
            return
        events, self._events = np.concatenate(self._events).view(EVENT), []
        with self._held.lock:
            outputs = list(self._sent.of_tracks(events))
        for output in outputs:
            told = (output.partition, output.value)
            yield beam.pvalue.TaggedOutput(TRACK_EVENTS, GlobalWindows.windowed_value(told, self._newest))

    def _served(self, record: Record, value: bytes | None) -> tuple[list[Any], After]:
        event = read_event(record)
        received_ms = record.at_ms if record.appended else None
        key = event.listener_id.encode()
        before = None if value is None else self._restored(key, value)
        views, settings = self._held.views, self._settings
        if isinstance(event, Erasure):
            done = erase(before, event, views, settings, received_ms)
        else:
            done = serve(before, event, views, settings, received_ms)
        answer = self._absorbed(key, record.partition, done)
        self._counts.took(KIND_OF[type(event)], done, received_ms)
        return answer

    def _absorbed(self, key: bytes, partition: int, done: Transition) -> tuple[list[Any], After]:
        """Return what a transition sends, and what is to be remembered; what raises changes nothing."""
        if done.decided is not None and not self._held.pinned:
            scores = replace(done.decided.scores, repeatable=False)  # after a failure views may have moved
            done.decided = done.decided._replace(scores=scores)
        found: list[Any] = [
            beam.pvalue.TaggedOutput(FEEDBACK, output) if output.topic == self._sent.feedback else output
            for output in self._sent.of(key.decode(), partition, done)
        ]
        if done.state is None:
            after = After(key, None, None)
        else:
            stored = seal(VERSION, store_listener(done.state, self._held.views.table.names))
            after = After(key, done.state, partition.to_bytes(PARTITION_BYTES) + stored)
        self._events += done.event_bytes
        return found, after

    def _remember(self, after: After, stored: Any, due: Any) -> None:
        key, state, value = after
        if state is None or value is None:
            stored.clear()
            due.clear()
            self._decoded.pop(key, None)
            return
        stored.write(value)
        self._decoded[key] = (value, state)
        if len(self._decoded) > self._settings.worker.decoded_listeners:
            self._decoded.popitem(last=False)
        if not self._settings.kafka.history:
            due_ms = state.due_ms + self._settings.sessions.timer_delay_ms
            due.set(timestamp(min(due_ms, LATEST_MS)))

    def _restored(self, key: bytes, value: bytes) -> Listener:
        """Return a state; the one that was decoded last, if its bytes are these."""
        known = self._decoded.get(key)
        if known is not None and known[0] == value:
            self._decoded.move_to_end(key)
            return known[1]
        body = body_of(value[PARTITION_BYTES:], key.decode(errors="replace"))
        return restore_listener(body, self._held.views.table.handle)
