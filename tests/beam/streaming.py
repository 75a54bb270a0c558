"""What the tests of the streaming pipeline share: a log as records of Kafka, and a runner that takes them."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.direct.direct_runner import BundleBasedDirectRunner
from apache_beam.testing.test_stream import TestStream
from apache_beam.transforms.window import TimestampedValue

from pipelines.beam_job.source import packed, timestamp
from pipelines.beam_job.stream import Stream, build
from pipelines.kafka.owners import partition_of
from pipelines.kafka.read import Record
from pipelines.kafka.topics import topics_of
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import Settings
from tests.replay.comparing import by_listener
from topics.codec import SCHEMA_OF, decode_line, encode
from topics.dead_letter import Rejected


def learned(log: Iterable[bytes], folder: Path, settings: Settings) -> Path:
    """The state directory of a run over another log: the views to be pinned."""
    (folder / "learned.jsonl").write_bytes(b"".join(log))
    Replay(Options(str(folder / "learned.jsonl"), state=folder / "views"), settings).run()
    return folder / "views"


def replayed(log: Path, views: Path, settings: Settings) -> dict[str, list[bytes]]:
    """What a replay of a log with these views decides, by listener, in order."""
    scores = log.parent / "scores"
    Replay(Options(str(log), views=views, scores=scores, ask_openers=False), settings).run()
    return by_listener(scores.read_bytes())


def as_read(lines: Iterable[bytes], settings: Settings) -> Iterator[Record]:
    """Yield a log's lines as a source would read them; without a time of receipt where they tell none."""
    topic = topics_of(settings.kafka)["listener-events"]
    offsets, newest_ms = [0] * topic.partitions, 0
    for line in lines:
        try:
            record, received_ms = decode_line(line)
            key, value = record.listener_id.encode(), encode(record)
            headers = [("schema", SCHEMA_OF[type(record)].encode())]
            newest_ms = record.at_ms if received_ms is None else received_ms
        except Rejected:
            key, value, headers, received_ms = b"rubbish", line, [], newest_ms
        partition = partition_of(key.decode(), topic.partitions)
        appended = received_ms is not None and not settings.kafka.history
        yield Record(topic.name, partition, offsets[partition], newest_ms, appended, key, value, headers)
        offsets[partition] += 1


def by_listener_id(record: Record) -> bytes:
    """What a source keys its records by."""
    return record.key or b""


def on_bundles(
    records: Iterable[Record],
    stream: Stream,
    settings: Settings,
    at_once: int = 50,
    keyed_by: Callable[[Record], bytes] = by_listener_id,
) -> None:
    """Run the pipeline on Beam's BundleBasedDirectRunner, so many records at a time, with their watermark."""
    source, newest_ms = TestStream(), 0
    waiting = iter(records)
    while some := list(islice(waiting, at_once)):
        source.add_elements(
            [TimestampedValue((keyed_by(one), packed(one)), timestamp(one.at_ms)) for one in some]
        )
        before_ms, newest_ms = newest_ms, max(newest_ms, *(one.at_ms for one in some))
        if newest_ms > before_ms and not settings.kafka.history:
            source.advance_watermark_to(timestamp(newest_ms))
    source.advance_watermark_to_infinity()
    with beam.Pipeline(
        runner=BundleBasedDirectRunner(), options=PipelineOptions(["--streaming"])
    ) as pipeline:
        given = pipeline | source | beam.Map(_same).with_output_types(tuple[bytes, bytes])
        build(given, stream, settings)


def _same(element: object) -> object:
    return element
