"""Source: ``listener-events`` read by a splittable DoFn, keyed by listener."""

import time
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import msgspec
from apache_beam.io.watermark_estimators import ManualWatermarkEstimator
from apache_beam.transforms.window import TimestampedValue
from apache_beam.typehints import with_output_types
from apache_beam.utils.timestamp import Timestamp

from pipelines.beam_job.places import Places, PlacesTracker
from pipelines.kafka.follow import Followed
from pipelines.kafka.read import Record
from pipelines.kafka.topics import topics_of
from pipelines.settings import Settings

IDLE_MS = 500  # that a reader waits for a record; a checkpoint has to wait as long
RECORDS_MAX = 2_000  # handed over at once
SKEW_MS = 60_000  # by which brokers' clocks may differ from ours, where nothing but a clock tells time

BY_HAND = ManualWatermarkEstimator.default_provider()

Reader = tuple[int, ...]  # the partitions that one reader has

packed = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Record)


def unpacked(value: bytes) -> Record:
    """Return the record that a source has packed."""
    return _decoder.decode(value)


@with_output_types(tuple[bytes, bytes])
class ReadEvents(beam.DoFn, beam.RestrictionProvider):  # type: ignore[misc]  # beam has no types
    """Yield (key, packed record); time is when Kafka received a record, where its log says so.

    An element is a reader. One call gathers for ``hold_ms`` after the first record and hands over: the less
    often, the fewer residuals a runner has to keep, and the longer a score takes. On draining nothing is
    read any more, since partitions have no end.
    """

    def __init__(self, settings: Settings, *, from_ms: int | None, hold_ms: int) -> None:
        self._settings, self._from_ms, self._hold_s = settings, from_ms, hold_ms / 1_000
        self._topic = topics_of(settings.kafka)["listener-events"].name

    def initial_restriction(self, reader: Reader) -> Places:
        """Return the first offsets, or those of a time."""
        followed = Followed(self._topic, self._settings.kafka)
        try:
            starts = followed.starts(list(reader), self._from_ms)
        finally:
            followed.close()
        return tuple((partition, starts[partition], None) for partition in reader)

    def create_tracker(self, places: Places) -> PlacesTracker:
        """Return who tells how far was read."""
        return PlacesTracker(places)

    def restriction_size(self, reader: Reader, places: Places) -> int:  # noqa: ARG002  Beam's signature
        """Return 1: nobody knows how much will come."""
        return 1

    def setup(self) -> None:
        """Know nothing of any partition yet."""
        self._followed: dict[Reader, Followed] = {}
        self._newest_ms: dict[int, int] = {}  # partition → time up to which it was read

    def teardown(self) -> None:
        """Let go of all connections."""
        for followed in self._followed.values():
            followed.close()

    @beam.DoFn.unbounded_per_element()  # type: ignore[untyped-decorator]
    def process(
        self,
        reader: Reader,
        tracker: Any = beam.DoFn.RestrictionParam(),  # noqa: B008  Beam's way
        estimator: Any = beam.DoFn.WatermarkEstimatorParam(BY_HAND),  # noqa: B008
    ) -> Iterator[TimestampedValue]:
        """Read on from where the restriction begins."""
        places = {partition: start for partition, start, _ in tracker.current_restriction()}
        followed = self._following(reader)
        taken, ends_s = 0, None
        while taken < RECORDS_MAX:
            left_s = IDLE_MS / 1_000 if ends_s is None else ends_s - time.monotonic()
            if left_s <= 0 and ends_s is not None:
                break
            before = taken
            for record in followed.poll(places, int(left_s * 1_000), RECORDS_MAX - taken):
                if not tracker.try_claim((record.partition, record.offset)):
                    return
                places[record.partition] = record.offset + 1
                taken += 1
                if record.appended:
                    self._newest_ms[record.partition] = record.at_ms
                yield TimestampedValue((record.key or b"", packed(record)), timestamp(record.at_ms))
            if taken and ends_s is None:
                ends_s = time.monotonic() + self._hold_s
            if taken == before:
                break
        self._move(estimator, followed, reader)
        tracker.defer_remainder()

    def _following(self, reader: Reader) -> Followed:
        if reader not in self._followed:
            self._followed[reader] = Followed(self._topic, self._settings.kafka)
        return self._followed[reader]

    def _move(self, estimator: Any, followed: Followed, reader: Reader) -> None:
        """Say up to which time all partitions were read; one that is quiet holds nobody up.

        Where a log does not say when it received its records, time stands still (DESIGN 22).
        """
        if self._settings.kafka.history:
            return
        quiet_ms = int(time.time() * 1_000) - SKEW_MS
        times = []
        for partition in reader:
            known_ms = self._newest_ms.get(partition, -1)
            times.append(max(known_ms, quiet_ms) if followed.at_end(partition) else known_ms)
        reached = timestamp(min(times))
        known = estimator.current_watermark()
        if known is None or reached > known:
            estimator.set_watermark(reached)


def timestamp(at_ms: int) -> Timestamp:
    """Return UTC milliseconds as Beam has them."""
    return Timestamp(micros=at_ms * 1_000)
