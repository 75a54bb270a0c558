"""Restart: from a worker's start until it serves its many listeners, with its store and without."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from pipelines.importers import Entry
from pipelines.kafka.produce import produce
from tests.bench.live.deployment import deployment
from tests.kafka.workers import WorkerProcess, wait_for, wait_idle
from topics.play import Play
from topics.track import Track

LISTENERS = int(os.environ.get("LISTENERS", "100000"))
PLAYS_EACH = 2
TRACKS = 997
PARTITIONS = 4
START_MS = 1_735_689_600_000


def print_table(console: Console, folder: Path, bootstrap: str) -> None:
    """Print one row for a start with the store as it was left, and one for a start without any."""
    settings = deployment(folder, bootstrap, partitions=PARTITIONS, shards=1, history=True)
    produce(_plays(), settings.kafka)
    worker = WorkerProcess(settings, folder, "restart", "--steps", "serve", instance="restart")
    worker.start()
    try:
        worker.wait_ready()
        wait_idle(settings, 1_200)
        worker.stop()
        size = sum(path.stat().st_size for path in worker.state.rglob("*") if path.is_file())
        table = Table(
            title=f"start until all is served, {LISTENERS:,} listeners, {size >> 20} MiB of stores",
            title_justify="left",
        )
        for name in ("", "seconds", "CPU seconds", "of them before it reads"):
            table.add_column(name, justify="right" if name else "left")
        for name in ("with the store", "without", "with the store, after kill -9"):
            if name == "without":
                shutil.rmtree(worker.state)
            began = time.monotonic()
            worker.start()
            while worker.get("/health")[0] == 0:
                time.sleep(0.02)
            before = worker.cpu_s()
            wait_for(lambda: _served(worker) == PARTITIONS, 300, "all partitions to be served")
            table.add_row(name, *[f"{s:.1f}" for s in (time.monotonic() - began, worker.cpu_s(), before)])
            worker.kill() if name == "without" else worker.stop()
    finally:
        worker.kill()
    console.print(table)


def _served(worker: WorkerProcess) -> int:
    _, report = worker.get("/health")
    partitions = (report or {}).get("steps", {}).get("serve", {}).get("partitions", {})
    return sum(part["state"] == "running" for part in partitions.values())


def _plays() -> Iterator[Entry]:
    for k in range(TRACKS):  # so that there is something to recommend, and decisions that wait
        yield Entry(Track(f"t{k}", length_ms=200_000, released_ms=START_MS - 1_000 * k), k, None)
    for k in range(LISTENERS * PLAYS_EACH):
        turn, listener = divmod(k, LISTENERS)
        play = Play(
            f"e{k}", f"listener {listener}", f"t{(listener * 7 + turn) % TRACKS}", START_MS + 300_000 * turn,
            heard_ms=150_000, length_ms=200_000,
        )  # fmt: skip
        yield Entry(play, k, None)
