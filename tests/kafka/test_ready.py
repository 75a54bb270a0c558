"""A worker that answers is not yet one that serves: /health and /ready are two questions."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.kafka.topics import create
from tests.kafka.conftest import Deploy
from tests.kafka.strikes import pause, wake
from tests.kafka.workers import WorkerProcess, wait_for
from tests.replay.warm import Warm

pytestmark = pytest.mark.compiled


def test_a_worker_is_alive_before_its_group_has_let_it_in_and_ready_afterwards(
    deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """One that is paused holds the group up: the other is alive, and not ready. Then it has its half."""
    settings = deploy(kafka={"history": True}, worker={"session_ms": 60_000})
    create(settings.kafka)
    paused = WorkerProcess(settings, tmp_path, "paused", "--steps", "serve", warm=segue)
    late = WorkerProcess(settings, tmp_path, "late", "--steps", "serve")
    try:
        paused.start()
        paused.wait_ready()
        late.start()
        pause(paused)
        wait_for(lambda: late.get("/health")[0] == 200, 60, "the late one to answer")
        status, report = late.get("/ready")
        assert (status, report["ready"], report["steps"]["serve"]["partitions"]) == (503, False, {})
        wake(paused)
        late.wait_ready()
        assert len(late.get("/ready")[1]["steps"]["serve"]["partitions"]) == 1
    finally:
        for worker in (paused, late):
            worker.kill()
