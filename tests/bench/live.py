"""Live: what the worker adds to the steps' own cost, in CPU µs (user + system) a record, on a real broker.

``make bench-live``. Each step hosts alone and takes in a topic that is full; what it added is the CPU of its
process, from its first record to its last, less that of the step alone in this process over the same records.
Beside it, in the same run, a plain aiokafka loop with transactions that writes as much.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from rich.console import Console
from rich.table import Table

from features.track.table import TrackTable
from pipelines.collect import collect, rows_of
from pipelines.faust_worker.warm import warm_up
from pipelines.importers import read_log
from pipelines.kafka.letters import schema_of
from pipelines.kafka.produce import produce
from pipelines.kafka.read import Record, read
from pipelines.kafka.topics import create, topics_of
from pipelines.learn import Learner
from pipelines.listener import Listener
from pipelines.pinned import pinned_views
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.serve import serve
from pipelines.settings import Settings, load_settings
from tests.kafka.broker import free_port, running
from tests.kafka.workers import WorkerProcess, wait_for
from topics.codec import decode

PLAYS = int(os.environ.get("PLAYS", "8000"))
LOG = Path("../shared/data/lastfm_listens.csv.gz")
TICKS = os.sysconf("SC_CLK_TCK")
BATCH = 500


def main(console: Console) -> None:
    """Print one row for each step."""
    table = Table(
        title=f"live on Kafka, CPU µs a record ({PLAYS:,} plays, 100 candidates)", title_justify="left"
    )
    for name in ("", "records", "worker", "step alone", "added"):
        table.add_column(name, justify="right" if name else "left")
    with (
        TemporaryDirectory(prefix="segue-bench-") as name,
        running(Path(name) / "kafka", full_jit=True) as address,
    ):
        bench = Bench(Path(name), address)
        for step in ("serve", "learn", "collect"):
            records, worker_s, step_s = bench.measure(step)
            figures = [worker_s, step_s, worker_s - step_s]
            table.add_row(step, f"{records:,}", *[f"{1e6 * s / records:.0f}" for s in figures])
        plain_s = asyncio.run(plain_loop(bench.settings, bench.bytes_a_play))
        table.add_row(
            "plain aiokafka loop, transactions", f"{PLAYS:,}", f"{1e6 * plain_s / PLAYS:.0f}", "", ""
        )
    console.print(table)


class Bench:
    """A deployment whose topics are filled step by step."""

    def __init__(self, folder: Path, address: str) -> None:
        kafka = {
            "bootstrap": address,
            "prefix": "bench-",
            "history": True,
            "listener_partitions": 2,
            "shards": 1,
        }
        kafka |= {"track_partitions": 2}
        self.settings = load_settings(None, kafka=kafka, worker={"web_port": free_port()})
        self._folder = folder
        create(self.settings.kafka)
        half = Options(str(LOG), limit=PLAYS, state=folder / "views")
        Replay(half, self.settings).run()
        self.views = folder / "views"
        entries = (entry for entry in read_log(str(LOG)) if entry.offset >= PLAYS)
        produce((entry for entry, _ in zip(entries, range(PLAYS), strict=False)), self.settings.kafka)
        warm_up(self.settings)
        self.bytes_a_play = 0

    def measure(self, step: str) -> tuple[int, float, float]:
        """Return records, CPU seconds of the worker from ready to done, and those of the step alone."""
        inputs = {"serve": "listener-events", "learn": "feedback", "collect": "track-events"}
        records = list(read(topics_of(self.settings.kafka)[inputs[step]].name, self.settings.kafka))
        args = ["--steps", step] + (["--views", str(self.views)] if step == "serve" else [])
        worker = WorkerProcess(self.settings, self._folder, step, *args)
        worker.start()
        try:
            while worker.get("/health")[0] == 0:  # it answers once it is warm, before it has read anything
                time.sleep(0.02)
            before = cpu_s(worker.pid)
            last = {str(record.partition): record.offset for record in records}
            wait_for(lambda: taken(worker, step) == last, 600, f"{step} to take in everything")
            took = cpu_s(worker.pid) - before
        finally:
            worker.kill()
        if step == "serve":
            names = ("scores", "feedback", "track-events", "serve-changelog")
            sizes = [len(r.value or b"") for name in names for r in self._all(name)]
            self.bytes_a_play = sum(sizes) // len(records)
        return len(records), took, timed(getattr(self, f"_{step}"), records)

    def _all(self, name: str) -> list[Record]:
        return list(read(topics_of(self.settings.kafka)[name].name, self.settings.kafka))

    def _serve(self, records: list[Record]) -> None:
        views, _ = pinned_views(self.views, self.settings)
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
            collect(table, rows_of(decode(record.value or b"", "track-events.v1"), table))


async def plain_loop(settings: Settings, size: int) -> float:
    """Return the CPU seconds of a loop that reads all plays and writes as many bytes, in transactions."""
    topics = topics_of(settings.kafka)
    place = TopicPartition(topics["listener-events"].name, 0)
    places = [TopicPartition(place.topic, p) for p in range(topics["listener-events"].partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap)
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap, transactional_id="plain", max_batch_size=1 << 20,
        max_request_size=8 << 20,
    )  # fmt: skip
    await consumer.start()
    await producer.start()
    consumer.assign(places)
    await consumer.seek_to_beginning()
    value, left, before = b"x" * size, PLAYS, time.process_time()
    while left > 0:
        batches = await consumer.getmany(timeout_ms=200, max_records=BATCH)
        async with producer.transaction():
            for at, records in batches.items():
                batch = producer.create_batch()
                futures: list[Any] = []
                for record in records:
                    if batch.append(timestamp=None, key=record.key, value=value) is None:
                        futures.append(
                            await producer.send_batch(batch, topics["scores"].name, partition=at.partition)
                        )
                        batch = producer.create_batch()
                        batch.append(timestamp=None, key=record.key, value=value)
                futures.append(
                    await producer.send_batch(batch, topics["scores"].name, partition=at.partition)
                )
                await asyncio.gather(*futures)
                left -= len(records)
    took = time.process_time() - before
    await producer.stop()
    await consumer.stop()
    return took


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


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    main(Console())
    sys.exit()
