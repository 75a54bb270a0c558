"""Stream: serve, learn and collect as one pipeline between Kafka's topics."""

from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from msgspec import Struct

from pipelines.beam_job.collecting import ByTrack, Collect
from pipelines.beam_job.learning import Learn
from pipelines.beam_job.serving import FEEDBACK, TRACK_EVENTS, Serve
from pipelines.beam_job.sink import Publish, PublishThen
from pipelines.beam_job.source import Reader, ReadEvents
from pipelines.settings import Settings
from pipelines.wrong_options import WrongOptions

STEPS = ("serve", "learn", "collect")
GATHERED_MAX = 500  # records of track events that are counted together
GATHER_S_MIN = 0.1


class Stream(Struct, frozen=True):
    """What runs, and how it reads."""

    steps: tuple[str, ...] = STEPS
    views: Path | None = None  # a state directory that every worker can read: views that do not move
    readers: int = 1  # that share the partitions of listener-events
    from_ms: int | None = None  # where a first start begins; None: at the beginning
    hold_ms: int = 100


def steps_of(text: str) -> tuple[str, ...]:
    """Return the steps that a text names; raises `WrongOptions` for any that cannot run so.

    >>> steps_of("serve, collect")
    ('serve', 'collect')
    """
    wanted = tuple(step.strip() for step in text.split(",") if step.strip())
    if "serve" not in wanted or not set(wanted) <= set(STEPS):
        raise WrongOptions(
            f"--steps is {text!r}, expected serve, with learn or collect or both behind commas: these take "
            "what serve tells inside the pipeline, each once; on its topics failures repeat it"
        )
    return wanted


def run(stream: Stream, settings: Settings, flags: list[str]) -> Any:
    """Submit the pipeline, with Beam's own options as flags, and return Beam's result of it."""
    options = PipelineOptions(flags)
    options.view_as(StandardOptions).streaming = True
    pipeline = beam.Pipeline(options=options)
    build(read(pipeline, stream, settings), stream, settings)
    return pipeline.run()


def read(pipeline: beam.Pipeline, stream: Stream, settings: Settings) -> Any:
    """Return the records of ``listener-events``, (listener, packed record)."""
    source = ReadEvents(settings, from_ms=stream.from_ms, hold_ms=stream.hold_ms)
    return (
        pipeline
        | "Readers" >> beam.Create(readers_of(settings.kafka.listener_partitions, stream.readers))
        | "Spread" >> beam.Reshuffle()
        | "Read" >> beam.ParDo(source)
    )


def build(records: Any, stream: Stream, settings: Settings) -> None:
    """Lay out the steps behind the records of ``listener-events``."""
    served = records | "Serve" >> beam.ParDo(Serve(settings, stream.views)).with_outputs(
        FEEDBACK, TRACK_EVENTS, main="outputs"
    )
    feedback = served[FEEDBACK] | "Publish feedback" >> beam.ParDo(PublishThen(settings))
    served.outputs | "Publish scores" >> beam.ParDo(Publish(settings))
    if "learn" in stream.steps:
        learned = feedback | "Learn" >> beam.ParDo(Learn(settings))
        learned | "Publish snapshots" >> beam.ParDo(Publish(settings))
    if "collect" in stream.steps:
        gathered_s = max(settings.worker.facts_ms / 1_000, GATHER_S_MIN)
        facts = (
            served[TRACK_EVENTS]
            | "Typed" >> beam.Map(_same).with_output_types(tuple[int, bytes])
            | "Gather" >> beam.GroupIntoBatches(GATHERED_MAX, gathered_s)
            | "By track" >> beam.ParDo(ByTrack(settings))
            | "Collect" >> beam.ParDo(Collect(settings))
        )
        facts | "Publish facts" >> beam.ParDo(Publish(settings))


def _same(element: Any) -> Any:
    return element


def readers_of(partitions: int, readers: int) -> list[Reader]:
    """Return which partitions each reader has.

    >>> readers_of(5, 2)
    [(0, 2, 4), (1, 3)]
    """
    count = min(partitions, readers)
    return [tuple(range(k, partitions, count)) for k in range(count)]
