"""The streaming pipeline on Beam's own runner for tests: with pinned views it decides what replay decides."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from numeric.arrays import bytes_of
from pipelines.beam_job.stream import Stream
from pipelines.collect import collect, records_of, rows_of
from pipelines.kafka.letters import schema_of
from pipelines.kafka.read import Record, read
from pipelines.kafka.snapshots import settings_digest
from pipelines.kafka.topics import create, topics_of
from pipelines.learn import Learner
from pipelines.pinned import pinned_views
from pipelines.replay.engine import Engine
from pipelines.serve import Transition
from pipelines.settings import Settings
from pipelines.views import Views
from state.memory import MemoryStore
from tests.beam.making import assert_same_facts
from tests.beam.streaming import as_read, by_listener_id, learned, on_bundles, replayed
from tests.kafka.conftest import Deploy
from tests.kafka.published import scores_on
from tests.replay.logs import messy
from topics.codec import decode, decode_line
from topics.dead_letter import Rejected
from topics.erasure import Erasure
from topics.feedback import Feedback

pytestmark = pytest.mark.compiled


def run(deploy: Deploy, folder: Path, *, history: bool, **wanted: Any) -> tuple[Settings, Path, Path]:
    """Run the pipeline over a log of late, double, poisoned and out-of-order records; say with what."""
    settings = deploy(kafka={"history": history})
    create(settings.kafka)
    views = learned(messy(400, seed=21), folder, settings)
    lines = [line for line in messy(600, seed=22, received=not history) if b"track.v1" not in line]
    (folder / "log.jsonl").write_bytes(b"".join(lines))
    on_bundles(as_read(lines, settings), Stream(views=views), settings, **wanted)
    return settings, views, folder / "log.jsonl"


def records_on(topic: str, settings: Settings) -> Iterator[tuple[Record, Any]]:
    """Yield what was published, with what it says."""
    for record in read(topics_of(settings.kafka)[topic].name, settings.kafka):
        yield record, decode(record.value or b"", schema_of(record.headers))


@pytest.mark.parametrize("history", [True, False], ids=["history", "live"])
def test_scores_are_those_of_replay(history: bool, deploy: Deploy, tmp_path: Path) -> None:
    """Once by event time alone, once by times of receipt, with which timers fire."""
    settings, views, log = run(deploy, tmp_path, history=history)

    expected = replayed(log, views, settings)
    assert sum(map(len, expected.values())) > 300
    assert scores_on(settings) == expected
    if not history:
        assert_learned_what_was_said(settings)
        assert_counted_what_happened(log, views, settings)


def assert_learned_what_was_said(settings: Settings) -> None:
    """The newest snapshot is what its feedback gives, bit for bit."""
    newest = {one.policy: one for _, one in records_on("policy-snapshots", settings)}[settings.policy.name]
    learner, erasures = Learner(settings), 0
    retained: dict[str, list[Feedback]] = defaultdict(list)  # by listener's mark
    for record, feedback in records_on("feedback", settings):
        if record.offset > newest.feedback_offset:
            break
        if feedback.kind == "erased":
            learner.erase(retained.pop(feedback.listener_mark, []))
            erasures += 1
            learner.next_version()
            continue
        retained[feedback.listener_mark].append(feedback)
        if learner.learn(feedback):
            learner.next_version()
    expected = learner.snapshots(newest.feedback_offset, 0, settings_digest(settings))[0]
    assert newest.version > 3
    assert erasures
    assert newest == expected


def assert_counted_what_happened(log: Path, views: Path, settings: Settings) -> None:
    """The newest facts of all tracks are those of one table that counts everything, to 1e-9."""
    engine, counted = Engine(settings, MemoryStore(), pinned_views(views, settings)[0]), Views(settings)
    engine.learning = False

    def count(done: Transition) -> None:
        for events in done.events:
            for sent in records_of(events, engine.views.table):
                collect(counted.table, bytes_of(rows_of(sent, counted.table)))

    for line in log.read_bytes().splitlines():
        with suppress(Rejected):
            record, received_ms = decode_line(line)
            take = engine.erase if isinstance(record, Erasure) else engine.take
            count(take(record, received_ms))
    for done in engine.finish():
        count(done)
    published = Views(settings)
    for _, facts in records_on("track-facts", settings):
        published.table.take(facts)
    assert assert_same_facts(published, counted) > 100


def test_another_key_gives_other_scores(deploy: Deploy, tmp_path: Path) -> None:
    """The comparison can fail: state by listener and parity of the offset is not state by listener."""

    def by_half(record: Record) -> bytes:
        return by_listener_id(record) + bytes([record.offset % 2])

    settings, views, log = run(deploy, tmp_path, history=True, keyed_by=by_half)

    expected, found = replayed(log, views, settings), scores_on(settings)
    assert found.keys() == expected.keys()
    assert found != expected
