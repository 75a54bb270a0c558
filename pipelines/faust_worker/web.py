"""Web: what a worker answers on its port: health, readiness, metrics, and what is kept of a listener."""

import time
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
import numpy as np
from aiokafka.errors import KafkaError
from msgspec import Struct

from pipelines.faust_worker.intake import client_id
from pipelines.faust_worker.metrics import figures_of
from pipelines.faust_worker.serving import Serving
from pipelines.kafka.owners import Owners, group_of, partition_of
from pipelines.listener import Listener, store_listener
from pipelines.listeners import VERSION
from state.envelope import seal

if TYPE_CHECKING:
    from pipelines.faust_worker.app import Worker

OPEN_METRICS = "application/openmetrics-text"
WELL = frozenset({"running", "held"})
JSON = "application/json"
ASKED = "asked"  # in a request that another worker passed on
AS, STORED = "as", "stored"  # ?as=stored: whole, for programs
ANSWER_S = 5.0
SHOWN_PLAYS = 20


class KeptListener(Struct, frozen=True):
    """All that is kept of a listener, as in a store: sealed, in base64."""

    partition: int
    kept: int  # newest offset of its partition of listener-events whose effects are committed
    state: bytes


def add_pages(worker: "Worker") -> None:
    """Add the pages to a worker's app."""
    metrics = worker.metrics
    metrics.read_from(lambda: figures_of(worker))
    events = worker.topics["listener-events"]
    owners = Owners(group_of("serve", worker.settings), events.name, worker.settings.kafka)

    @worker.app.page("/health")
    async def health(view: Any, request: Any) -> Any:  # noqa: ARG001  as faust calls it
        return view.json(report_of(worker))

    @worker.app.page("/ready")
    async def ready(view: Any, request: Any) -> Any:  # noqa: ARG001
        report = report_of(worker)
        return view.json(report, status=200 if report["ready"] else 503)

    @worker.app.page("/metrics")
    async def numbers(view: Any, request: Any) -> Any:  # noqa: ARG001
        metrics.tracks.set(len(worker.views.table))
        return view.bytes(metrics.text(), content_type=OPEN_METRICS)

    @worker.app.page("/listeners/{listener_id}")
    async def listener(view: Any, request: Any, listener_id: str) -> Any:
        number = partition_of(listener_id, events.partitions)
        intake = worker.intakes.get("serve")
        partition = None if intake is None else intake.partitions.get(number)
        if partition is not None and isinstance(partition.step, Serving):
            state = partition.step.listener(listener_id)
            if state is None:
                return view.json({"error": f"listener {listener_id!r} is not known"}, status=404)
            names = worker.views.table.names
            if request.query.get(AS) == STORED:
                kept = KeptListener(number, partition.kept, seal(VERSION, store_listener(state, names)))
                return view.bytes(msgspec.json.encode(kept), content_type=JSON)
            return view.json(shown(listener_id, number, state, names))
        try:
            owner = None if ASKED in request.query else await owners.of(number)
        except (KafkaError, OSError) as error:
            return view.json({"error": f"the group cannot be asked: {error}"}, status=503)
        if owner is None or owner == client_id(worker.settings):
            detail = f"partition {number} is not served at the moment, ask again in a second"
            return view.json({"error": detail}, status=503)
        wanted = request.query.get(AS, "")
        return await passed_on(
            view, f"http://{owner}{request.raw_path.partition('?')[0]}?{ASKED}=1&{AS}={wanted}"
        )


async def passed_on(view: Any, url: str) -> Any:
    """Answer what the worker that has the listener answers."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            body, status = await answer.read(), answer.status
    except (aiohttp.ClientError, TimeoutError) as error:
        detail = f"the worker that has this listener does not answer ({type(error).__name__}); ask again"
        return view.json({"error": detail}, status=503)
    return view.bytes(body, content_type=JSON, status=status)


def report_of(worker: "Worker") -> dict[str, Any]:
    """Return whether a worker is ready, and what it has.

    It is not before it has read its views and joined the group of each step, nor while a partition opens,
    retries or has halted. One that stands by without partitions is.
    """
    reader = worker.reader
    steps = {
        step: {
            "fault": intake.fault,
            "partitions": {
                str(number): {
                    "state": partition.state,
                    "taken": partition.taken,
                    "lag": partition.lag,
                    "fault": partition.fault,
                }
                for number, partition in sorted(intake.partitions.items())
            },
        }
        for step, intake in worker.intakes.items()
    }
    is_ready = (reader is None or reader.ready.is_set()) and all(
        intake.generations > 0
        and not intake.fault
        and all(partition.state in WELL for partition in intake.partitions.values())
        for intake in worker.intakes.values()
    )
    ages = {} if reader is None else {name: round(time.time() - at, 1) for name, at in reader.read_at.items()}
    return {
        "ready": is_ready,
        "version": worker.views.version.name,
        "view_age_seconds": ages,
        "steps": steps,
    }


def shown(listener_id: str, partition: int, state: Listener, names: list[str]) -> dict[str, Any]:
    """Return what is kept of a listener, for people: the newest plays, and the decisions that wait."""
    plays = [
        {
            "track_id": names[int(play["track"])],
            "started_ms": int(play["started_ms"]),
            "share": None if np.isnan(play["share"]) else round(float(play["share"]), 3),
        }
        for play in state.plays[-SHOWN_PLAYS:]
    ]
    return {
        "listener_id": listener_id,
        "partition": partition,
        "newest_ms": state.newest_ms,
        "plays_kept": len(state.plays),
        "newest_plays": plays[::-1],
        "pending": [
            {"decision_id": p.decision_id, "at_ms": p.at_ms, "kind": p.kind, "tracks": list(p.tracks)}
            for p in state.pending
        ],
    }
