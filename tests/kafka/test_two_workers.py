"""Two workers share the partitions; each answers for every listener, and inherits from the other."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from pipelines.importers import read_log
from pipelines.kafka.produce import produce
from pipelines.kafka.topics import create
from tests.kafka.conftest import Deploy
from tests.kafka.workers import WorkerProcess, wait_for, wait_idle
from tests.replay.logs import messy
from tests.replay.warm import Warm

pytestmark = [pytest.mark.compiled, pytest.mark.slow]


def test_each_of_two_workers_answers_for_every_listener(deploy: Deploy, segue: Warm, tmp_path: Path) -> None:
    """Whoever is asked passes on to whoever has the partition; a killed worker's partitions move."""
    settings = deploy(kafka={"history": True, "listener_partitions": 4})
    create(settings.kafka)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(line for line in messy(200, seed=9) if b'"schema"' in line))
    workers = [
        WorkerProcess(settings, tmp_path, "one", "--steps", "serve", warm=segue),
        WorkerProcess(settings, tmp_path, "two", "--steps", "serve"),
    ]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.wait_ready()
        wait_for(lambda: all(len(partitions(worker)) == 2 for worker in workers), 60, "two partitions each")
        produce(read_log(str(log)), settings.kafka)
        wait_idle(settings)

        asked = [[worker.get(f"/listeners/listener%20{k}") for k in range(10)] for worker in workers]
        assert asked[0] == asked[1]
        known = {k: report["partition"] for k, (status, report) in enumerate(asked[0]) if status == 200}
        assert len(known) > 4
        assert {partition in partitions(workers[0]) for partition in known.values()} == {True, False}

        workers[1].kill()
        killed = time.monotonic()
        wait_for(lambda: len(partitions(workers[0])) == 4, 60, "one to have all four")
        print(f"served again {time.monotonic() - killed:.1f} s after the kill")
        pages = [f"/listeners/listener%20{k}" for k in known]
        wait_for(lambda: all(workers[0].get(page)[0] == 200 for page in pages), 60, "one to answer for all")
    finally:
        for worker in workers:
            worker.kill()


def partitions(worker: WorkerProcess) -> set[int]:
    """The partitions that a worker serves at the moment."""
    _, report = worker.get("/health")
    found = (report or {}).get("steps", {}).get("serve", {}).get("partitions", {})
    return {int(number) for number, part in found.items() if part["state"] in {"running", "held"}}
