"""Soak: ``make soak``: millions of plays through one worker, then three times what it can take, and back.

Its memory must stay flat, its lag must come back to nothing, and every play must have scores once.
"""

from __future__ import annotations

import argparse
import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import numpy as np
from kafka import KafkaProducer
from msgspec import Struct

from pipelines.kafka.clients import blocking
from pipelines.kafka.read import read
from pipelines.kafka.topics import create, topics_of
from pipelines.settings import Settings, load_settings
from tests.kafka.broker import free_port, running
from tests.kafka.workers import WorkerProcess, wait_for
from topics.codec import encode
from topics.play import Play

LISTENERS, TRACKS = 20_000, 2_000
DECODED = 2_000  # listeners held in memory: a tenth
LENGTH_MS = 10_000
BEHIND_MAX = 20_000  # plays not taken yet, beyond which the soak waits; the overload does not
FACTOR = 3.0
SAMPLE_S = 5.0
GROWTH_MAX = 1.1  # of memory, from a quarter of the soak to its end
SWOLLEN_MAX = 1.25  # of memory under overload


class Plays(threading.Thread):
    """Sends plays e0, e1, … at a rate that may be changed; waits while ``held``."""

    def __init__(self, settings: Settings, seed: int) -> None:
        super().__init__(daemon=True)
        self.sent, self.rate, self.held = 0, 0.0, False
        self._settings, self._random, self._ends = settings, Random(seed), False

    def end(self) -> None:
        """Stop, and wait until all is with the broker."""
        self._ends = True
        self.join(120)

    def run(self) -> None:
        producer = KafkaProducer(**blocking(self._settings.kafka), acks="all", linger_ms=20)
        topic = topics_of(self._settings.kafka)["listener-events"].name
        credit, before = 0.0, time.monotonic()
        while not self._ends:
            now = time.monotonic()
            credit = 0.0 if self.held else min(credit + self.rate * (now - before), self.rate)
            before = now
            for _ in range(int(credit)):
                play = self._play()
                producer.send(topic, encode(play), play.listener_id.encode(), [("schema", b"play.v1")])
                self.sent += 1
            credit -= int(credit)
            time.sleep(0.02)
        producer.flush()
        producer.close()

    def _play(self) -> Play:
        random = self._random
        track = min(int(random.expovariate(8 / TRACKS)), TRACKS - 1)
        heard_ms = LENGTH_MS if random.random() < 0.7 else 2_000
        return Play(
            f"e{self.sent}",
            f"listener {random.randrange(LISTENERS)}",
            f"t{track}",
            int(time.time() * 1_000) - heard_ms,
            heard_ms,
            length_ms=LENGTH_MS,
        )


class Sample(NamedTuple):
    """How it stands at one moment."""

    at_s: float
    sent: int
    lag: int
    memory_mb: float
    latency_s: float  # mean of what was scored since the last sample


class Watch:
    """Takes samples of a worker, and prints one in every half minute."""

    def __init__(self, worker: WorkerProcess, plays: Plays) -> None:
        self.samples: list[Sample] = []
        self._worker, self._plays = worker, plays
        self._began, self._told, self._scored = time.monotonic(), -30.0, (0.0, 0.0)

    def look(self) -> Sample:
        """Take one sample, after a pause."""
        time.sleep(SAMPLE_S)
        _, report = self._worker.get("/ready")
        parts = (report or {}).get("steps", {}).get("serve", {}).get("partitions", {}).values()
        lags = [part["lag"] for part in parts]
        lag = -1 if not lags or None in lags else sum(lags)
        at_s = time.monotonic() - self._began
        one = Sample(at_s, self._plays.sent, lag, memory_mb(self._worker), self._latency_s())
        self.samples.append(one)
        if at_s > self._told + 30:
            self._told = at_s
            print(
                f"{at_s:6.0f} s  {one.sent:>9,} plays  {one.lag:>9,} behind  {one.memory_mb:4.0f} MiB  "
                f"{1_000 * one.latency_s:8,.0f} ms",
                flush=True,
            )
        return one

    def _latency_s(self) -> float:
        text = self._worker.text("/metrics")
        lines = [rf"(?m)^segue_event_to_scores_seconds_{what}\S* (\S+)" for what in ("sum", "count")]
        found = [sum(map(float, re.findall(line, text))) for line in lines]
        before, self._scored = self._scored, (found[0], found[1])
        return (found[0] - before[0]) / max(found[1] - before[1], 1)


def memory_mb(worker: WorkerProcess) -> float:
    """Return the resident memory of a worker, in MiB."""
    status = Path(f"/proc/{worker.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1_024


def soak(settings: Settings, folder: Path, plays: int, rate: float, overload_s: float) -> Iterator[str]:
    """Do it all; yield one line for each thing that is wrong."""
    worker = WorkerProcess(settings, folder, "soak", decoded_listeners=DECODED)
    traffic = Plays(settings, seed=7)
    worker.start()
    try:
        worker.wait_ready()
        traffic.start()
        watch = Watch(worker, traffic)
        capacity = _steady(watch, traffic, plays, rate)
        quarter = len(watch.samples) // 4
        early, late = (
            float(np.median([one.memory_mb for one in part]))
            for part in (watch.samples[quarter : quarter + 5], watch.samples[-5:])
        )
        print(
            f"soak: {plays:,} plays, {capacity:,.0f} a second; {early:.0f} MiB at a quarter, "
            f"{late:.0f} at the end"
        )
        if late > early * GROWTH_MAX:
            yield f"memory grew from {early:.0f} to {late:.0f} MiB"
        if overload_s:
            yield from _overload(watch, traffic, capacity, overload_s, late)
        traffic.end()
        wait_for(lambda: watch.look().lag == 0, 3_600, "the lag to end")
        wait_for(lambda: watch.look().lag == 0, 60, "the lag to stay away")
        if worker.stop():
            yield "the worker did not end well"
    finally:
        traffic.end()
        worker.kill()
    yield from _lost(settings, traffic.sent)


def _steady(watch: Watch, traffic: Plays, plays: int, rate: float) -> float:
    """Send so many plays no faster than the worker takes them; return how many a second that were."""
    began = time.monotonic()
    traffic.rate = rate
    while traffic.sent < plays:
        traffic.held = watch.look().lag > BEHIND_MAX
    traffic.rate = 0.0
    wait_for(lambda: watch.look().lag == 0, 600, "the worker to take all in")
    return traffic.sent / (time.monotonic() - began)


def _overload(
    watch: Watch, traffic: Plays, capacity: float, overload_s: float, memory: float
) -> Iterator[str]:
    began, sent = time.monotonic(), traffic.sent
    first = len(watch.samples)
    traffic.held, traffic.rate = False, FACTOR * capacity
    while time.monotonic() < began + overload_s:
        watch.look()
    came = (traffic.sent - sent) / (time.monotonic() - began)
    deepest = max(one.lag for one in watch.samples[first:])
    traffic.rate = 0.0
    stopped = time.monotonic()
    wait_for(lambda: watch.look().lag == 0, 10 * overload_s + 600, "the lag to end after the overload")
    under = watch.samples[first:]
    most = max(one.memory_mb for one in under)
    print(
        f"overload: {came:,.0f} plays a second for {overload_s:.0f} s; {deepest:,} behind at most, scores "
        f"up to {max(one.latency_s for one in under):.1f} s late, {most:.0f} MiB at most; "
        f"caught up {time.monotonic() - stopped:.0f} s after it ended"
    )
    if most > memory * SWOLLEN_MAX:
        yield f"memory rose from {memory:.0f} to {most:.0f} MiB under overload"
    if deepest < 2 * capacity:
        yield f"{deepest:,} behind: that was no overload"


class _Head(Struct):
    """As much of a record of scores as tells whose they are."""

    cause: str


def _lost(settings: Settings, sent: int) -> Iterator[str]:
    topics = topics_of(settings.kafka)
    counts = np.zeros(sent, np.int32)
    head = msgspec.json.Decoder(_Head)
    for record in read(topics["scores"].name, settings.kafka):
        counts[int(head.decode(record.value or b"").cause[1:])] += 1
    letters = sum(1 for _ in read(topics["dead-letters"].name, settings.kafka))
    print(f"{sent:,} plays: {int((counts == 1).sum()):,} have scores once; {letters} dead letters")
    for what, number in (("no scores", (counts == 0).sum()), ("scores twice", (counts > 1).sum())):
        if number:
            yield f"{number} plays have {what}"
    if letters:
        yield f"there are {letters} dead letters"


def main() -> None:
    """Run the soak; the exit code tells whether all is as it must be."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("--plays", type=int, default=2_000_000)
    options.add_argument("--rate", type=float, default=3_000.0, help="plays a second, at most")
    options.add_argument("--overload", type=float, default=600.0, help="seconds at three times that")
    given: Any = options.parse_args()
    with (
        TemporaryDirectory(prefix="segue-soak-") as name,
        running(Path(name) / "kafka", full_jit=True) as address,
    ):
        kafka = {
            "bootstrap": address, "prefix": f"soak{int(time.time())}-", "listener_partitions": 4,
            "track_partitions": 2, "shards": 2,
        }  # fmt: skip
        settings = load_settings(None, kafka=kafka, worker={"web_port": free_port()})
        create(settings.kafka)
        wrong = list(soak(settings, Path(name), given.plays, given.rate, given.overload))
    print("\n".join(wrong) or "memory is flat, nothing is lost")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
