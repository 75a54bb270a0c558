"""History: the plays of years become listeners and track facts as of a moment, in a state directory."""

import shutil
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import apache_beam as beam
import msgspec
from apache_beam.options.pipeline_options import PipelineOptions
from msgspec import Struct

from pipelines.beam_job.catalogue import BEFORE_ALL, Listed, in_effect, lengths_of
from pipelines.beam_job.folding import TALLIES, FoldListener, MergeTallies, facts_of
from pipelines.beam_job.parts import WriteParts, read_parts
from pipelines.beam_job.reading import LETTERS, NAMESPACE, NEWEST, TRACKS, ReadShard
from pipelines.beam_job.shards import Place, Shard
from pipelines.importers import read_tracks
from pipelines.learn import Learner
from pipelines.settings import Settings
from pipelines.state_directory import CLOCK_FIELDS, Progress, flat_settings, sealed
from pipelines.views import Views
from state.keys import key
from state.rocks import open_store
from state.store import Store
from topics.codec import encode_line
from topics.dead_letter import DeadLetter
from topics.track import Track
from topics.track_facts import TrackFacts

AT_A_TIME = 1_000  # entries written to the store at once


class History(Struct, frozen=True):
    """What is read, and what is made of it."""

    shards: list[Shard]
    out: Path  # must not be there yet, or be empty
    parts: str  # where workers leave what they made: a folder that all of them and we can reach
    catalogue: str | None = None
    until_ms: int | None = None  # event time; later records are passed over
    dead_letters: Path | None = None


def run(history: History, settings: Settings, flags: list[str]) -> dict[str, Any]:
    """Run the pipeline, with Beam's own options as flags, and return what it counted.

    The state directory appears whole, at the end, or not at all.
    """
    with beam.Pipeline(options=PipelineOptions(flags)) as pipeline:
        _build(pipeline, history, settings)
    counts = _counted(pipeline.result)
    building = history.out.with_name(f"{history.out.name}.building")
    shutil.rmtree(building, ignore_errors=True)
    letters = _collect_letters(history)
    store = open_store(building)
    try:
        tracks = _fill(store, history, settings, counts, letters)
    finally:
        store.close()
    if history.out.exists():
        history.out.rmdir()
    building.rename(history.out)
    return {**dict(sorted(counts.items())), "tracks": tracks, "dead_letters": dict(sorted(letters.items()))}


def _build(pipeline: beam.Pipeline, history: History, settings: Settings) -> None:
    """Lay out the pipeline: shards → blocks → listeners → states and tallies → facts."""
    read = (
        pipeline
        | "Shards" >> beam.Create(history.shards)
        | "Spread" >> beam.Reshuffle()
        | "Read"
        >> beam.ParDo(ReadShard(history.until_ms)).with_outputs(TRACKS, LETTERS, NEWEST, main="blocks")
    )
    listed, unread = _catalogue(history.catalogue)
    said = (read[TRACKS], pipeline | "Catalogue" >> beam.Create(listed))
    tracks = said | "All tracks" >> beam.Flatten() | "By track" >> beam.GroupByKey()
    lengths = tracks | "Lengths" >> beam.FlatMapTuple(_length)
    newest = read[NEWEST] | "Newest" >> beam.CombineGlobally(_latest).without_defaults()
    folded = (
        read["blocks"]
        | "By listener" >> beam.GroupByKey()
        | "Fold"
        >> beam.ParDo(
            FoldListener(settings),
            beam.pvalue.AsDict(lengths),
            beam.pvalue.AsSingleton(newest, default_value=-1),
        ).with_outputs(TALLIES, LETTERS, main="states")
    )
    facts = (
        folded[TALLIES]
        | "Merge" >> beam.CombinePerKey(MergeTallies())
        | "Facts" >> beam.FlatMap(facts_of)
        | "As values" >> beam.Map(_value)
    )
    letters = (
        (read[LETTERS], folded[LETTERS], pipeline | "Unread" >> beam.Create(unread))
        | "All letters" >> beam.Flatten()
        | "Letters as values" >> beam.Map(_value)
    )
    entries = tracks | "Newest entry" >> beam.MapTuple(_newest)
    parts = {"listeners": folded["states"], "facts": facts, "tracks": entries, "letters": letters}
    for name, pairs in parts.items():
        pairs | f"Write {name}" >> WriteParts(f"{history.parts}/{name}")


def _catalogue(path: str | None) -> tuple[list[tuple[str, Listed]], list[bytes]]:
    """Return the entries of a catalogue file, which are known before any record, and its odd rows."""
    listed, unread = [], []
    for entry in [] if path is None else read_tracks(path):
        if isinstance(entry.record, Track):
            place = Place(BEFORE_ALL, 0, entry.offset)
            listed.append((entry.record.track_id, Listed(place, entry.record)))
        else:
            unread.append(encode_line(entry.record))
    return listed, unread


def _length(track_id: str, said: Any) -> Iterator[tuple[str, Any]]:
    lengths = lengths_of(said)
    if lengths is not None:
        yield track_id, lengths


def _newest(track_id: str, said: Any) -> tuple[bytes, bytes]:
    return track_id.encode(), msgspec.msgpack.encode(in_effect(said)[-1].track)


def _value(value: bytes) -> tuple[bytes, bytes]:
    return b"", value


def _latest(times: Any) -> int:
    return max(times, default=-1)


def _counted(result: Any) -> Counter[str]:
    """Return the pipeline's own counters."""
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(NAMESPACE))["counters"]
    return Counter({counter.key.metric.name: counter.result for counter in found})


def _collect_letters(history: History) -> Counter[str]:
    """Count dead letters, and write them in order of source and line where they are wanted."""
    lines = (value for _, value in read_parts(f"{history.parts}/letters"))
    letters = [msgspec.json.decode(line, type=DeadLetter) for line in lines]
    letters.sort(key=lambda letter: (letter.source, letter.offset))
    if history.dead_letters is not None:
        history.dead_letters.write_bytes(b"".join(map(encode_line, letters)))
    return Counter(letter.reason for letter in letters)


def _fill(
    store: Store, history: History, settings: Settings, counts: Counter[str], letters: Counter[str]
) -> int:
    """Write listeners, catalogue, facts, and last how far this came; return the number of tracks."""
    entries = read_parts(f"{history.parts}/listeners")
    while changes := dict(islice(entries, AT_A_TIME)):
        store.write(changes)
    views = Views(settings)
    for _, value in read_parts(f"{history.parts}/tracks"):
        track = msgspec.msgpack.decode(value, type=Track)
        views.table.list_track(track)
        store.write({key("track", track.track_id): sealed(track)})
    handles = [
        views.table.take(msgspec.msgpack.decode(value, type=TrackFacts))
        for _, value in read_parts(f"{history.parts}/facts")
    ]
    for handle in handles:  # only now: the landmark may have moved until the last one
        store.write({key("facts", views.table.names[handle]): sealed(views.table.facts(handle))})
    popular, fresh = views.table.ranked()
    learner = Learner(settings)
    progress = Progress(
        run={
            "made by": "segue beam history",
            "the log": ", ".join(shard.path for shard in history.shards),
            "--until": f"{history.until_ms} ms",
            **flat_settings(settings),
        },
        offset=-1,
        mark="",
        lengths={},
        dead_letters=dict(letters),
        failed_in_a_row=0,
        failed=[],
        plays=counts["plays"],
        met=counts["listeners"],
        counts=dict(counts),
        clock={name: int(views.table.clock[0][name]) for name in CLOCK_FIELDS},
        popular=popular,
        fresh=fresh,
        version=0,
        rows_since=0,
        rows_due=learner.rows_due,
        version_ms=learner.version_ms,
        learning=True,
        learned=0,
    )
    store.write({key("run", "progress"): sealed(progress)})
    return len(views.table)
