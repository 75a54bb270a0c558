"""Folding: a listener's records, in log order, become a state as of a time and counts of their tracks."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import apache_beam as beam
import msgspec
import numpy as np
from apache_beam.metrics import Metrics
from apache_beam.transforms.window import GlobalWindows
from msgspec.structs import replace

from features.track.layout import EVENT
from features.track.tally import decode_tally, merged, tally_of
from numeric.arrays import Bytes
from pipelines.beam_job.blocks import Row, in_log_order
from pipelines.beam_job.catalogue import Lengths
from pipelines.beam_job.reading import LETTERS, NAMESPACE
from pipelines.erase import erase
from pipelines.failures import Failures, last_line
from pipelines.listener import Listener, store_listener
from pipelines.listeners import FAMILY, VERSION
from pipelines.serve import Transition, fire_timers, serve
from pipelines.settings import Settings
from pipelines.views import Views
from state.envelope import seal
from state.keys import key
from topics.codec import decode_line, encode_line
from topics.dead_letter import DeadLetter, Reason, Rejected
from topics.erasure import Erasure
from topics.play import Play

TALLIES = "tallies"
PARTS = 64  # of all tracks: each is merged in one place, whoever is popular
EVENTS_HELD = 50_000  # before they are tallied
TALLIES_HELD = 32  # before they are merged
TRACKS_KNOWN = 50_000  # before a worker begins a new table: a row has some 700 bytes

Known = Mapping[str, Lengths]


class FoldListener(beam.DoFn):  # type: ignore[misc]  # beam has no types
    """Fold all of a listener's records, and fire the timers due at the log's newest moment.

    Yields (key, value) as a store has them; beside it, by tag, (part, tally) and dead letters as lines.
    Nothing is decided: that is a loop with learning, which no batch has.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def setup(self) -> None:
        """Make what a worker keeps: a table of the tracks met lately, and a count of what failed."""
        self._views = Views(self._settings)
        self._failures = Failures()
        self._taken = 0

    def start_bundle(self) -> None:
        """Begin with nothing to be tallied: a bundle that failed is done again from its start."""
        self._events: list[Bytes] = []
        self._holding = 0

    def process(self, listener: tuple[str, Iterable[bytes]], lengths: Known, newest_ms: int) -> Iterator[Any]:
        """Fold one listener; ``newest_ms`` is −1 where the log does not tell the time."""
        listener_id, blocks = listener
        state: Listener | None = None
        counts: Counter[str] = Counter()
        for row in in_log_order(blocks):
            self._taken += 1
            try:
                done = self._take(state, row, lengths)
            except Rejected as error:
                self._failures.in_a_row = 0
                counts[f"dead_letters_{error.reason}"] += 1
                yield _letter(row, error.reason, error.detail, error.field)
                continue
            except Exception as error:  # noqa: BLE001  DESIGN 8: one record's failure stops nobody else's
                counts["dead_letters_failed"] += 1
                yield _letter(row, "failed", last_line(error))
                self._failures.add(self._taken, last_line(error))
                continue
            self._failures.in_a_row = 0
            state = self._absorbed(done, counts)
            if self._holding >= EVENTS_HELD:
                yield from self._tallied()
        if state is not None and newest_ms >= 0:
            until_ms = newest_ms - self._settings.sessions.timer_delay_ms
            done = fire_timers(state, listener_id, until_ms, self._views, self._settings)
            state = self._absorbed(done, counts)
        if state is not None:
            counts["listeners"] += 1
            yield key(FAMILY, listener_id), seal(VERSION, store_listener(state, self._views.table.names))
        if len(self._views.table) > TRACKS_KNOWN:
            yield from self._tallied()
            self._views.table = Views(self._settings).table
        for name, count in counts.items():
            Metrics.counter(NAMESPACE, name).inc(count)

    def finish_bundle(self) -> Iterator[Any]:
        """Tally what is left."""
        for output in self._tallied():
            yield beam.pvalue.TaggedOutput(output.tag, GlobalWindows.windowed_value(output.value))

    def _take(self, state: Listener | None, row: Row, lengths: Known) -> Transition:
        record, received_ms = decode_line(row.value)
        if isinstance(record, Erasure):
            return erase(state, record, self._views, self._settings, received_ms)
        if isinstance(record, Play) and record.length_ms is None and record.track_id in lengths:
            length_ms = lengths[record.track_id].at(row.place)
            record = replace(record, length_ms=length_ms or None)
        done = serve(state, record, self._views, self._settings, received_ms, answering=False)
        if isinstance(record, Play):
            done.counts["plays"] = 1
        return done

    def _absorbed(self, done: Transition, counts: Counter[str]) -> Listener | None:
        for meaningless in ("unknown_track", "unknown_decision"):  # nothing is known of either here
            done.counts.pop(meaningless, None)
        counts.update(done.counts)
        self._events += done.event_bytes
        self._holding += sum(map(len, done.event_bytes)) // EVENT.itemsize
        return done.state

    def _tallied(self) -> Iterator[beam.pvalue.TaggedOutput]:
        if self._holding:
            whole = tally_of(np.concatenate(self._events).view(EVENT), self._views.table)
            for part, tally in whole.split(PARTS):
                yield beam.pvalue.TaggedOutput(TALLIES, (part, tally.encode()))
        self._events, self._holding = [], 0


class MergeTallies(beam.CombineFn):  # type: ignore[misc]  # beam has no types
    """Merge the tallies of one part of the tracks, some at a time."""

    def create_accumulator(self) -> list[bytes]:
        """Return nothing counted."""
        return []

    def add_input(self, accumulator: list[bytes], tally: bytes) -> list[bytes]:
        """Add one."""
        accumulator.append(tally)
        return self.compact(accumulator) if len(accumulator) > TALLIES_HELD else accumulator

    def merge_accumulators(self, accumulators: Iterable[list[bytes]]) -> list[bytes]:
        """Add several."""
        return self.compact([tally for accumulator in accumulators for tally in accumulator])

    def compact(self, accumulator: list[bytes]) -> list[bytes]:
        """Make one of many."""
        if len(accumulator) < 2:
            return accumulator
        return [merged(map(decode_tally, accumulator)).encode()]

    def extract_output(self, accumulator: list[bytes]) -> bytes:
        """Return the one there is."""
        return self.compact(accumulator)[0]


def facts_of(part: tuple[int, bytes]) -> Iterator[bytes]:
    """Yield the facts of the tracks of a part, encoded."""
    return map(msgspec.msgpack.encode, decode_tally(part[1]).facts())


def _letter(row: Row, reason: Reason, detail: str, field: str = "") -> beam.pvalue.TaggedOutput:
    letter = DeadLetter(reason, detail, row.source, row.line, row.value, field=field)
    return beam.pvalue.TaggedOutput(LETTERS, encode_line(letter))
