"""Reading: shards become blocks of each listener's records, catalogue entries, and dead letters."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
from apache_beam.metrics import Metrics

from pipelines.beam_job.blocks import Row, pack
from pipelines.beam_job.catalogue import Listed
from pipelines.beam_job.shards import Shard, line_of, place_of
from topics.codec import encode_line
from topics.dead_letter import DeadLetter
from topics.track import Track

TRACKS, LETTERS, NEWEST = "tracks", "letters", "newest"
ROWS_HELD = 50_000  # before blocks are made of them: some 20 MB
NAMESPACE = "segue"


class ReadShard(beam.DoFn):  # type: ignore[misc]  # beam has no types
    """Read one shard, but no record later than a time.

    Yields (listener_id, block); beside it, by tag, (track_id, `Listed`), dead letters as lines, and the
    newest moment at which the log tells the time.
    """

    def __init__(self, until_ms: int | None) -> None:
        self._until_ms = until_ms
        self._read = Metrics.counter(NAMESPACE, "records_read")

    def process(self, shard: Shard) -> Iterator[Any]:
        """Read it from its start to its end; what a broken end takes along is one dead letter."""
        held: defaultdict[str, list[Row]] = defaultdict(list)
        holding, newest_ms = 0, -1
        named: Track | None = None  # by the row that comes next
        for entry in shard.entries():
            record = entry.record
            if isinstance(record, DeadLetter):
                yield beam.pvalue.TaggedOutput(LETTERS, encode_line(record))
                continue
            place = place_of(entry, shard)
            if isinstance(record, Track):
                if shard.ordered:
                    yield beam.pvalue.TaggedOutput(TRACKS, (record.track_id, Listed(place, record)))
                else:
                    named = record
                continue
            if self._until_ms is not None and record.at_ms > self._until_ms:
                named = None
                continue
            if named is not None:
                yield beam.pvalue.TaggedOutput(TRACKS, (named.track_id, Listed(place, named, by_row=True)))
                named = None
            if entry.received_ms is not None:
                newest_ms = max(newest_ms, entry.received_ms)
            elif entry.origin is None:
                newest_ms = max(newest_ms, record.at_ms)  # such a format comes in event-time order
            held[record.listener_id].append(Row(*place, *line_of(entry)))
            holding += 1
            if holding == ROWS_HELD:
                yield from self._blocks(held)
                holding = 0
        yield from self._blocks(held)
        if newest_ms >= 0:
            yield beam.pvalue.TaggedOutput(NEWEST, newest_ms)

    def _blocks(self, held: dict[str, list[Row]]) -> Iterator[tuple[str, bytes]]:
        for listener_id, rows in held.items():
            self._read.inc(len(rows))
            yield listener_id, pack(rows)
        held.clear()
