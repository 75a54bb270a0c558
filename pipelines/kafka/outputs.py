"""Outputs: what a step sends, as Kafka's clients take it, whoever drives the step."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipelines.collect import recent_play_of, records_of
from pipelines.decide import whole_decision
from pipelines.kafka.track_partitions import TrackPartitions
from pipelines.serve import Transition
from pipelines.settings import Settings
from pipelines.views import Views
from topics.codec import encode
from topics.ids import key_of
from topics.registry import SCHEMA_HEADER

Headers = list[tuple[str, bytes]]

HASH_RANGE = float(2**64)


class Output(NamedTuple):
    """One record to be sent."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers


def schema(name: str) -> Headers:
    """Return the headers of a record that has none but its schema."""
    return [(SCHEMA_HEADER, name.encode())]


SCORES, DECISION = schema("scores.v1"), schema("decision.v1")
FEEDBACK, TRACK_EVENTS = schema("feedback.v1"), schema("track-events.v1")
RECENT_PLAY = schema("recent-play.v1")


class ServeOutputs:
    """Where what serve emits goes; ``names`` are the topics' by their name without prefix."""

    def __init__(
        self, names: dict[str, str], shards: int, tracks: TrackPartitions, views: Views, settings: Settings
    ) -> None:
        self._names, self._shards, self._tracks = names, shards, tracks
        self._views, self._settings = views, settings
        self.feedback = names["feedback"]

    def of(self, listener_id: str, partition: int, done: Transition) -> Iterator[Output]:
        """Yield what a listener's transition sends; ``partition`` is the listener's."""
        names = self._names
        for feedback in done.feedback:
            yield Output(names["feedback"], partition % self._shards, None, encode(feedback), FEEDBACK)
        if done.recent is not None:
            recent = recent_play_of(done.recent, self._views.table)
            yield Output(names["recent-plays"], partition, None, encode(recent), RECENT_PLAY)
        if done.decided is None:
            return
        key = listener_id.encode()
        yield Output(names["scores"], partition, key, encode(done.decided.scores), SCORES)
        if key_of(listener_id) < self._settings.worker.decisions_share * HASH_RANGE:
            whole = encode(whole_decision(done.decided, self._views))
            yield Output(names["decisions"], partition, key, whole, DECISION)

    def of_tracks(self, events: npt.NDArray[np.void]) -> Iterator[Output]:
        """Yield what happened to tracks, packed for each of their partitions."""
        topic, table = self._names["track-events"], self._views.table
        for partition, some in self._tracks.split(events):
            for record in records_of(some, table):
                yield Output(topic, partition, None, encode(record), TRACK_EVENTS)
