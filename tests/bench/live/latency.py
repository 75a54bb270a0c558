"""Latency: from a play's sending to its scores, read committed, at a steady rate, all steps in one worker."""

from __future__ import annotations

import asyncio
import time
from itertools import cycle
from pathlib import Path

import numpy as np
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from pipelines.kafka.topics import topics_of
from pipelines.settings import Settings
from tests.bench.live.deployment import deployment, later_plays
from tests.kafka.workers import WorkerProcess
from topics.codec import decode, encode
from topics.play import Play

RATE = 500  # plays a second
WARM_S, MEASURED_S = 10, 30
SETTLE_S = 5.0
HEARD_MS = 1_000
CASES = {"4 partitions": (4, False), "one of 4 has all": (4, True), "16 partitions": (16, False)}


def print_table(console: Console, folder: Path, bootstrap: str) -> None:
    """Print one row for each way to spread the plays over partitions."""
    table = Table(
        title=f"play sent → scores readable (read committed), ms, at {RATE} plays/s", title_justify="left"
    )
    for name in ("", "p50", "p90", "p99", "worker's CPU", "lost"):
        table.add_column(name, justify="right" if name else "left")
    for name, (partitions, is_hot) in CASES.items():
        settings = deployment(
            folder, bootstrap, partitions=partitions, shards=min(partitions, 4), history=False
        )
        worker = WorkerProcess(settings, folder, f"latency-{partitions}-{is_hot}")
        worker.start()
        try:
            worker.wait_ready()
            took_ms, cores, lost = asyncio.run(_measured(settings, worker, is_hot=is_hot))
        finally:
            worker.kill()
        figures = np.percentile(took_ms, (50, 90, 99))
        table.add_row(name, *[f"{ms:.0f}" for ms in figures], f"{100 * cores:.0f} %", str(lost))
    console.print(table)


async def _measured(
    settings: Settings, worker: WorkerProcess, *, is_hot: bool
) -> tuple[list[float], float, int]:
    """Return every play's ms, the worker's share of a core, and how many plays had no scores."""
    topics = topics_of(settings.kafka)
    scores = topics["scores"]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka.bootstrap, isolation_level="read_committed", fetch_max_wait_ms=100
    )
    await consumer.start()
    consumer.assign([TopicPartition(scores.name, p) for p in range(scores.partitions)])
    producer = AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap, linger_ms=0)
    await producer.start()
    sent: dict[str, float] = {}
    readable: dict[str, float] = {}

    async def follow() -> None:
        async for record in consumer:
            readable[decode(record.value, "scores.v1").cause] = time.monotonic()

    following = asyncio.create_task(follow())
    plays = cycle(entry.record for entry in list(later_plays()) if isinstance(entry.record, Play))
    began, before = time.monotonic(), 0.0
    for k in range(RATE * (WARM_S + MEASURED_S)):
        wait_s = began + k / RATE - time.monotonic()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        if k == RATE * WARM_S:
            before = worker.cpu_s()
        now_ms = int(time.time() * 1_000)
        play = replace(
            next(plays), event_id=f"e{k}", play_id=None, started_ms=now_ms - HEARD_MS, heard_ms=HEARD_MS
        )
        sent[play.event_id] = time.monotonic()
        await producer.send(
            topics["listener-events"].name, encode(play), play.listener_id.encode(),
            headers=[("schema", b"play.v1")], partition=0 if is_hot else None,
        )  # fmt: skip
    cores = (worker.cpu_s() - before) / MEASURED_S
    await producer.flush()
    await asyncio.sleep(SETTLE_S)
    following.cancel()
    await producer.stop()
    await consumer.stop()
    wanted = [f"e{k}" for k in range(RATE * WARM_S, RATE * (WARM_S + MEASURED_S))]
    took = [1_000 * (readable[name] - sent[name]) for name in wanted if name in readable]
    return took, cores, len(wanted) - len(took)
