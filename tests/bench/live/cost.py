"""Cost: CPU µs a record of each step in the worker, beside the step alone over the same records.

Each step hosts alone and takes in a topic that is full. Rounds alternate, and each figure is the median
of its rounds: a machine's speed wanders.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from features.track.table import TrackTable
from numeric.arrays import bytes_of
from pipelines.collect import SENT, collect, rows_of
from pipelines.faust_worker.warm import warm_up
from pipelines.kafka.letters import schema_of
from pipelines.kafka.produce import produce
from pipelines.kafka.read import Record, read
from pipelines.kafka.topics import topics_of
from pipelines.learn import Learner
from pipelines.listener import Listener
from pipelines.pinned import pinned_views
from pipelines.serve import serve
from pipelines.settings import Settings
from tests.bench.live.deployment import PLAYS, deployment, later_plays, learned_views
from tests.bench.live.peers import faust_agent_s, plain_loop_s
from tests.kafka.workers import WorkerProcess, wait_for
from topics.codec import decode

ROUNDS = 3
INPUTS = {"serve": "listener-events", "learn": "feedback", "collect": "track-events"}
WRITTEN = ("scores", "feedback", "track-events", "recent-plays", "serve-changelog")


def print_table(console: Console, folder: Path, bootstrap: str) -> None:
    """Print one row for each step, and one for each peer."""
    rounds = [Round(folder, bootstrap) for _ in range(ROUNDS)]
    table = Table(
        title=f"CPU µs a record ({PLAYS:,} plays, 100 candidates, median of {ROUNDS} rounds)",
        title_justify="left",
    )
    for name in ("", "records", "worker", "step alone", "added"):
        table.add_column(name, justify="right" if name else "left")
    for step in INPUTS:
        measured = [one.measure(step) for one in rounds]
        records = median(one[0] for one in measured)
        figures = [median(1e6 * s / n for n, *both in measured for s in [both[k]]) for k in (0, 1)]
        table.add_row(step, f"{records:,.0f}", *[f"{f:.0f}" for f in (*figures, figures[0] - figures[1])])
        if step == "collect":
            share = records / median(one.events for one in rounds)
            per_event = [f"{share * f:.1f}" for f in (*figures, figures[0] - figures[1])]
            table.add_row("  an event of these", f"{records / share:,.0f}", *per_event)
    settings, size = rounds[0].settings, rounds[0].bytes_a_play
    plain = median(asyncio.run(plain_loop_s(settings, size, k)) for k in range(ROUNDS))
    table.add_row(f"plain aiokafka loop, {size:,} bytes out", f"{PLAYS:,}", f"{1e6 * plain / PLAYS:.0f}")
    agent = median(faust_agent_s(one.settings) for one in rounds)
    table.add_row("Faust agent, tuned, nothing out", f"{PLAYS:,}", f"{1e6 * agent / PLAYS:.0f}")
    console.print(table)


class Round:
    """One deployment, filled step by step."""

    def __init__(self, folder: Path, bootstrap: str) -> None:
        self.settings: Settings = deployment(folder, bootstrap, partitions=2, shards=1, history=True)
        self._folder = folder
        self._views = learned_views(folder, self.settings)
        produce(later_plays(), self.settings.kafka)
        warm_up(self.settings)
        self.bytes_a_play = self.events = 0

    def measure(self, step: str) -> tuple[int, float, float]:
        """Return records, CPU seconds of the worker from ready to done, and those of the step alone."""
        records = list(read(topics_of(self.settings.kafka)[INPUTS[step]].name, self.settings.kafka))
        alone_s = timed(getattr(self, f"_{step}"), records)
        args = ["--steps", step] + (["--views", str(self._views)] if step == "serve" else [])
        worker = WorkerProcess(self.settings, self._folder, step, *args)
        worker.start()
        try:
            while worker.get("/health")[0] == 0:  # it answers once it is warm, before it has read anything
                time.sleep(0.02)
            before = worker.cpu_s()
            last = {str(record.partition): record.offset for record in records}
            wait_for(lambda: taken(worker, step) == last, 600, f"{step} to take in everything")
            took = worker.cpu_s() - before
        finally:
            worker.kill()
        if step == "serve":
            sizes = [len(r.value or b"") for name in WRITTEN for r in self._all(name)]
            self.bytes_a_play = sum(sizes) // len(records)
        return len(records), took, alone_s

    def _all(self, name: str) -> list[Record]:
        return list(read(topics_of(self.settings.kafka)[name].name, self.settings.kafka))

    def _serve(self, records: list[Record]) -> None:
        views, _ = pinned_views(self._views, self.settings)
        listeners: dict[str, Listener | None] = {}
        for record in records:
            play = decode(record.value or b"", schema_of(record.headers))
            listeners[play.listener_id] = serve(
                listeners.get(play.listener_id), play, views, self.settings, None
            ).state

    def _learn(self, records: list[Record]) -> None:
        learner = Learner(self.settings)
        for record in records:
            if learner.learn(decode(record.value or b"", "feedback.v1")):
                learner.next_version()
                learner.snapshots()

    def _collect(self, records: list[Record]) -> None:
        table = TrackTable()
        for record in records:
            found = decode(record.value or b"", "track-events.v1")
            self.events += len(found.rows) // SENT.itemsize
            collect(table, bytes_of(rows_of(found, table)))


def taken(worker: WorkerProcess, step: str) -> dict[str, int]:
    """Return the last offset that each partition has taken in; asked twice a second."""
    time.sleep(0.5)
    _, report = worker.get("/health")
    partitions = (report or {}).get("steps", {}).get(step, {}).get("partitions", {})
    return {number: part["taken"] for number, part in partitions.items() if part["taken"] >= 0}


def timed(work: Callable[[list[Record]], None], records: list[Record]) -> float:
    """Return the CPU seconds of a step alone."""
    before = time.process_time()
    work(records)
    return time.process_time() - before
