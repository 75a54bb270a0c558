"""A local store is a cache: whatever is damaged in it, and wherever that shows, it is made anew."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipelines.kafka.topics import create
from tests.faults.effects import check, on_kafka
from tests.kafka.conftest import Deploy
from tests.kafka.traffic import Traffic
from tests.kafka.workers import WorkerProcess, wait_quiet
from tests.replay.warm import Warm

pytestmark = pytest.mark.compiled

BEGINS = 200  # bytes of a file's first block that are damaged; all that opening looks at is at the end


def test_damage_that_shows_only_where_it_is_read_is_mended(
    deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """Stores that open well, but whose listeners and facts cannot be read: rebuilt, and nothing is lost."""
    settings = deploy()
    create(settings.kafka)
    process = WorkerProcess(settings, tmp_path, "w", warm=segue, instance="w")
    process.start()
    try:
        process.wait_ready()
        traffic = Traffic(settings, plays=100_000, rate=100, listeners=40)
        traffic.start()
        time.sleep(3)
        traffic.end()
        wait_quiet([process])
        assert process.stop() == 0

        tables = list(process.state.rglob("*.sst"))
        assert len(tables) >= 4  # two partitions of serve, two of collect
        for table in tables:
            with table.open("r+b") as file:
                file.write(b"\xff" * BEGINS)

        process.start()
        process.wait_ready()
        assert "is made anew: " in process.log
        assert "block checksum mismatch" in process.log
        assert process.stop() == 0
    finally:
        process.kill()
    problems = check(on_kafka(settings))
    assert not problems.found, str(problems)
    assert problems.checked["features differ from the fold of the log"] > 20
