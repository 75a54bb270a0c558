"""Outages: how long the partitions of a killed worker gave no scores, by the broker's own clock."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from pipelines.kafka.read import read
from pipelines.kafka.topics import topics_of
from pipelines.settings import Settings
from tests.kafka.workers import WorkerProcess


def wanted_s(session_ms: int) -> dict[str, float]:
    """Return by when partitions are to be served again: by another worker, and by the same that came back."""
    return {"kill": session_ms / 1_000 + 3, "return": 4.0}


class Outage(NamedTuple):
    """A worker gone: what it served, since when, and what was done to it."""

    kind: str
    at_ms: int
    partitions: tuple[int, ...]


def killed(kind: str, worker: WorkerProcess, others: list[WorkerProcess]) -> Outage | None:
    """Kill -9; None where nothing could be measured: it served nothing, or nobody else was well."""
    _, report = worker.get("/health")
    partitions = (report or {}).get("steps", {}).get("serve", {}).get("partitions", {})
    served = tuple(int(number) for number, part in partitions.items() if part["state"] == "running")
    heirs = any(other.get("/ready")[0] == 200 for other in others if other is not worker)
    worker.kill()
    return Outage(kind, int(time.time() * 1_000), served) if served and heirs else None


def told(settings: Settings, outages: list[Outage], limits_s: dict[str, float]) -> Iterator[str]:
    """Yield one line for each kind of outage: how long until a partition had scores again.

    A scores record's LogAppendTime says when; with 250 plays a second a partition has one every 25 ms.
    """
    appended: dict[int, list[int]] = defaultdict(list)
    for record in read(topics_of(settings.kafka)["scores"].name, settings.kafka):
        appended[record.partition].append(record.at_ms)
    for kind, limit_s in limits_s.items():
        took = []
        for outage in outages:
            for partition in outage.partitions if outage.kind == kind else ():
                times = sorted(appended[partition])
                place = bisect_right(times, outage.at_ms)
                if place < len(times):
                    took.append((times[place] - outage.at_ms) / 1_000)
        kills = sum(outage.kind == kind for outage in outages)
        if took:
            p50, p95 = np.percentile(took, (50, 95))
            yield (
                f"{kind}: {kills} measured, {len(took)} partitions: served again after p50 {p50:.1f} s, "
                f"p95 {p95:.1f} s, at most {max(took):.1f} s (wanted: p95 {limit_s:.0f} s)"
            )
