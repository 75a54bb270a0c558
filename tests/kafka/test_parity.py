"""With pinned views the worker over real Kafka decides what replay decides, byte for byte."""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.importers import read_log
from pipelines.kafka.history import fetch
from pipelines.kafka.produce import produce
from pipelines.kafka.topics import create
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import Settings
from tests.kafka.conftest import Deploy
from tests.kafka.published import scores_on
from tests.kafka.workers import wait_idle, worker
from tests.replay.comparing import by_listener
from tests.replay.logs import messy
from tests.replay.warm import Warm
from topics.codec import encode_line
from topics.play import Play

pytestmark = pytest.mark.compiled


LEARNED, PLAYED = 8_000, int(os.environ.get("PARITY_PLAYS", "20000"))  # of a long log; 300,000 is all of it


def learned(folder: Path, settings: Settings) -> Path:
    """The state directory of a run over another log: the views to be pinned."""
    log = folder / "learned.jsonl"
    log.write_bytes(b"".join(messy(400, seed=21)))
    Replay(Options(str(log), state=folder / "views"), settings).run()
    return folder / "views"


def replayed(log: Path, views: Path, settings: Settings) -> dict[str, list[bytes]]:
    scores = log.parent / "scores"
    Replay(Options(str(log), views=views, scores=scores, ask_openers=False), settings).run()
    return by_listener(scores.read_bytes())


@pytest.mark.parametrize("history", [True, False], ids=["history", "live"])
def test_scores_over_kafka_are_those_of_replay(
    history: bool, deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """Once by event time alone, once by the times at which Kafka received the records, timers included."""
    settings = deploy(kafka={"history": history})
    views = learned(tmp_path, settings)
    create(settings.kafka)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(line for line in messy(600, seed=22) if b"track.v1" not in line))

    with worker(settings, tmp_path, "--steps", "serve", "--views", str(views), warm=segue) as process:
        produce(read_log(str(log)), settings.kafka)
        wait_idle(settings)
        assert process.stop() == 0

    fetch(tmp_path / "back.jsonl", settings.kafka)
    expected = replayed(tmp_path / "back.jsonl", views, settings)
    assert sum(map(len, expected.values())) > 300
    assert scores_on(settings) == expected


def lines_of(name: str, shared_data: Path) -> Iterator[bytes]:
    """A long log as our own lines, plays alone."""
    records: Iterator[object]
    if name == "demo":
        records = iter(World(WorldSettings()).log(LEARNED + PLAYED))
    else:
        records = (entry.record for entry in read_log(str(shared_data / f"{name}.csv.gz")))
    return (encode_line(record) for record in records if isinstance(record, Play))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demo", "lastfm_listens"])
def test_scores_of_a_long_log_over_kafka_are_those_of_replay(
    name: str, deploy: Deploy, segue: Warm, shared_data: Path, tmp_path: Path
) -> None:
    """The world that lives in the demo, and people's listening over years, with what its beginning taught."""
    settings = deploy(kafka={"history": True, "listener_partitions": 4})
    create(settings.kafka)
    lines = lines_of(name, shared_data)
    (tmp_path / "learned.jsonl").write_bytes(b"".join(islice(lines, LEARNED)))
    views, log = tmp_path / "views", tmp_path / "log.jsonl"
    Replay(Options(str(tmp_path / "learned.jsonl"), state=views), settings).run()
    log.write_bytes(b"".join(islice(lines, PLAYED)))

    with worker(settings, tmp_path, "--steps", "serve", "--views", str(views), warm=segue) as process:
        produced = produce(read_log(str(log)), settings.kafka)
        wait_idle(settings, 900)
        assert process.stop() == 0

    fetch(tmp_path / "back.jsonl", settings.kafka)
    expected = replayed(tmp_path / "back.jsonl", views, settings)
    assert sum(map(len, expected.values())) > 0.9 * produced.records
    assert scores_on(settings) == expected
