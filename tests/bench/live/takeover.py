"""Takeover: how long a killed worker's partitions give no scores, until another has them or it is back."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rich.console import Console

from tests.bench.live.deployment import deployment
from tests.kafka.outages import Outage, killed, told, wanted_s
from tests.kafka.traffic import Traffic
from tests.kafka.workers import WorkerProcess

KILLS = int(os.environ.get("KILLS", "20"))
PARTITIONS, SHARDS = 6, 2
RATE = 250.0  # plays a second
SESSION_MS = 6_000
ON_AND_ON = 10_000_000
SETTLE_S = 2.0


def print_table(console: Console, folder: Path, bootstrap: str) -> None:
    """Kill one of two workers again and again, for good and for a moment; print one line for each kind."""
    settings = deployment(folder, bootstrap, partitions=PARTITIONS, shards=SHARDS, history=False)
    changed = {"session_ms": SESSION_MS, "facts_ms": 1_000}
    settings = settings.model_copy(update={"worker": settings.worker.model_copy(update=changed)})
    workers = [WorkerProcess(settings, folder, f"takeover{k}", instance=f"w{k}") for k in range(2)]
    traffic = Traffic(settings, ON_AND_ON, RATE, listeners=400)
    outages: list[Outage | None] = []
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.wait_ready()
        traffic.start()
        for k in range(KILLS):
            worker = workers[k % 2]
            outages.append(_struck("return", worker, workers, back_s=0.0))
            outages.append(_struck("kill", worker, workers, back_s=wanted_s(SESSION_MS)["kill"] + 1))
        traffic.end()
        time.sleep(SETTLE_S)
    finally:
        for worker in workers:
            worker.kill()
    known = [outage for outage in outages if outage is not None]
    for line in told(settings, known, wanted_s(SESSION_MS)):
        console.print(line)


def _struck(kind: str, worker: WorkerProcess, workers: list[WorkerProcess], back_s: float) -> Outage | None:
    """Kill a worker, start it again after so many seconds, and wait until all is well."""
    outage = killed(kind, worker, workers)
    time.sleep(back_s)
    worker.start()
    worker.wait_ready()
    time.sleep(SETTLE_S)
    return outage
