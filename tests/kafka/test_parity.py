"""With pinned views the worker over real Kafka decides what replay decides, byte for byte."""

from pathlib import Path

import pytest

from pipelines.importers import read_log
from pipelines.kafka.history import fetch
from pipelines.kafka.letters import schema_of
from pipelines.kafka.produce import produce
from pipelines.kafka.read import read
from pipelines.kafka.topics import create, topics_of
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import Settings
from tests.kafka.conftest import Deploy
from tests.kafka.workers import wait_idle, worker
from tests.replay.comparing import by_listener
from tests.replay.logs import messy
from tests.replay.warm import Warm
from topics.codec import decode, encode_line

pytestmark = pytest.mark.compiled


def learned(folder: Path, settings: Settings) -> Path:
    """The state directory of a run over another log: the views to be pinned."""
    log = folder / "learned.jsonl"
    log.write_bytes(b"".join(messy(400, seed=21)))
    Replay(Options(str(log), state=folder / "views"), settings).run()
    return folder / "views"


def scores_on(settings: Settings) -> dict[str, list[bytes]]:
    """What was published, by listener, in order."""
    topic = topics_of(settings.kafka)["scores"].name
    lines = [
        encode_line(decode(record.value or b"", schema_of(record.headers)))
        for record in sorted(read(topic, settings.kafka), key=lambda r: (r.partition, r.offset))
    ]
    return by_listener(b"".join(lines))


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
