"""The streaming pipeline on a real Flink over a real Kafka: what it decides is what replay decides."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from pipelines.beam_job.stream import Stream, run
from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.importers import read_log
from pipelines.kafka.history import fetch
from pipelines.kafka.produce import produce
from pipelines.kafka.topics import create
from pipelines.settings import Settings
from tests.beam.flink import jars, running
from tests.beam.streaming import learned, replayed
from tests.jars import NoJava
from tests.kafka.conftest import Deploy
from tests.kafka.published import scores_on
from tests.replay.logs import messy
from topics.codec import encode_line

pytestmark = [pytest.mark.compiled, pytest.mark.filterwarnings("ignore")]  # Beam's and grpc's own

LEARNED = 4_000
FLAGS = (
    "--runner=PortableRunner", "--environment_type=LOOPBACK", "--parallelism=2",
    "--max_bundle_time_mills=20", "--checkpointing_interval=5000",
)  # fmt: skip


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a job server. Beam's threads end with it, and complain: here, where nobody minds."""
    before = set(threading.enumerate())
    try:
        jars()
    except NoJava as error:
        pytest.skip(str(error))  # in CI a skip is a failure
    with running(tmp_path_factory.mktemp("flink")) as address:
        yield address
    ends = time.monotonic() + 20
    for thread in set(threading.enumerate()) - before:
        thread.join(max(ends - time.monotonic(), 0))


@contextmanager
def streaming(stream: Stream, settings: Settings, endpoint: str) -> Iterator[Any]:
    """Run the pipeline, its Python in this process; gone with the context."""
    result = run(stream, settings, [*FLAGS, f"--job_endpoint={endpoint}"])
    try:
        yield result
    finally:
        result.cancel()


def wait_for_scores(count: int, settings: Settings, result: Any, seconds: float) -> dict[str, list[bytes]]:
    """Return what is published once it is so many, or once nothing is published any more."""
    ends = time.monotonic() + seconds
    found: dict[str, list[bytes]] = {}
    while time.monotonic() < ends and sum(map(len, found.values())) < count:
        assert result.state not in {"FAILED", "DONE"}, result.state
        time.sleep(1)
        found = scores_on(settings)
    return found


def test_scores_of_a_messy_log_are_those_of_replay(endpoint: str, deploy: Deploy, tmp_path: Path) -> None:
    """By the times at which Kafka received the records, timers included; learn and collect run along."""
    settings = deploy()
    create(settings.kafka)
    views = learned(messy(400, seed=21), tmp_path, settings)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(line for line in messy(500, seed=22) if b"track.v1" not in line))
    produce(read_log(str(log)), settings.kafka)
    fetch(tmp_path / "back.jsonl", settings.kafka)
    expected = replayed(tmp_path / "back.jsonl", views, settings)
    count = sum(map(len, expected.values()))

    with streaming(Stream(views=views, readers=2), settings, endpoint) as result:
        found = wait_for_scores(count, settings, result, 240)

    assert count > 250
    assert found == expected


@pytest.mark.slow
def test_twenty_thousand_plays_of_the_demo_are_those_of_replay(
    endpoint: str, deploy: Deploy, tmp_path: Path
) -> None:
    """End to end, byte for byte; with -s it says how long that took."""
    plays = int(os.environ.get("FLINK_PLAYS", "20000"))
    settings = deploy(kafka={"history": True, "listener_partitions": 4})
    create(settings.kafka)
    lines = map(encode_line, World(WorldSettings()).log(LEARNED + plays))
    views = learned(islice(lines, LEARNED), tmp_path, settings)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(lines))
    produce(read_log(str(log)), settings.kafka)
    fetch(tmp_path / "back.jsonl", settings.kafka)
    expected = replayed(tmp_path / "back.jsonl", views, settings)
    began = time.monotonic()

    with streaming(Stream(("serve",), views, readers=2), settings, endpoint) as result:
        found = wait_for_scores(sum(map(len, expected.values())), settings, result, 600)
    took_s = time.monotonic() - began

    print(f"{plays} plays through Flink in {took_s:.0f} s")
    assert sum(map(len, expected.values())) > 0.9 * plays
    assert found == expected
