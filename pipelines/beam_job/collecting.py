"""Collecting: collect as a stateful DoFn keyed by track."""

from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import msgspec
import numpy as np
from apache_beam.coders import BytesCoder
from apache_beam.transforms.userstate import ReadModifyWriteStateSpec
from apache_beam.typehints import with_output_types
from msgspec.structs import replace

from numeric.arrays import bytes_of
from pipelines.collect import collect, records_of, rows_of
from pipelines.kafka.outputs import Output, schema
from pipelines.kafka.owners import partition_of
from pipelines.kafka.topics import topics_of
from pipelines.settings import Settings
from pipelines.views import new_table
from state.envelope import seal, unseal
from topics.codec import decode, encode
from topics.track_facts import TrackFacts

FACTS = schema("track-facts.v1")
TRACKS_KNOWN = 50_000  # before a worker begins a new table: a row has some 700 bytes
VERSION = 1

NOTHING = TrackFacts("none", 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -1, -1, b"")

_encode = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(TrackFacts)


@with_output_types(tuple[bytes, bytes])
class ByTrack(beam.DoFn):  # type: ignore[misc]  # beam has no types
    """Take batches of packed events; yield (track, its events), so that a hot track costs one element."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def process(self, batch: tuple[Any, Iterable[bytes]]) -> Iterator[tuple[bytes, bytes]]:
        """Split one batch."""
        table = new_table(self._settings)
        rows = np.concatenate([rows_of(decode(value, "track-events.v1"), table) for value in batch[1]])
        for track in np.unique(rows["track"]).tolist():
            key = table.names[track].encode()
            for record in records_of(rows[rows["track"] == track], table):
                yield key, encode(record)


class Collect(beam.DoFn):  # type: ignore[misc]
    """Take (track, packed events); yield its facts, to be sent."""

    FACTS = ReadModifyWriteStateSpec("facts", BytesCoder())

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def setup(self) -> None:
        """Begin with an empty table: what counts is in the state."""
        topic = topics_of(self._settings.kafka)["track-facts"]
        self._topic, self._partitions = topic.name, topic.partitions
        self._table = new_table(self._settings)

    def process(
        self,
        element: tuple[bytes, bytes],
        stored: Any = beam.DoFn.StateParam(FACTS),  # noqa: B008  Beam's way
    ) -> Iterator[Output]:
        """Count the events of one track."""
        key, events = element
        if len(self._table) > TRACKS_KNOWN:
            self._table = new_table(self._settings)
        table, value = self._table, stored.read()
        if value is None:  # not what is left in the table of a bundle that failed
            known = replace(NOTHING, track_id=key.decode())
        else:
            known = _decoder.decode(unseal(value, VERSION, what=f"the facts of {key!r}"))
        table.take(known)
        collect(table, bytes_of(rows_of(decode(events, "track-events.v1"), table)))
        facts = table.facts(table.handle(key.decode()))
        stored.write(seal(VERSION, _encode(facts)))
        partition = partition_of(facts.track_id, self._partitions)
        yield Output(self._topic, partition, key, encode(facts), FACTS)
