"""App: one worker process: a Faust app that supervises intakes, agents, views and the web port."""

import asyncio
import gc
import logging
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import faust
import uvloop
from faust.app.base import BootStrategy
from faust.worker import Worker as FaustWorker

from pipelines.faust_worker.assembly import Assembly, Through, Work
from pipelines.faust_worker.machine import LocalMachine
from pipelines.faust_worker.services import IntakeService, ViewsService
from pipelines.faust_worker.warm import warm_up
from pipelines.faust_worker.web import add_pages
from pipelines.kafka.failed import KafkaAway
from pipelines.kafka.topics import check
from pipelines.metrics import Metrics
from pipelines.settings import Settings
from pipelines.views import Views

QUIET = ("aiokafka", "faust", "mode")

AWAY_S = 2.0

log = logging.getLogger(__name__)


class _Supervisor(BootStrategy):
    """Start sensors, web and agents; consumers and producers are the intakes' own."""

    enable_kafka = False


class _App(faust.App):
    BootStrategy = _Supervisor


class Worker:
    """All that one process hosts, as services and agents of a Faust app."""

    def __init__(self, settings: Settings, steps: Collection[str], pinned: Views | None = None) -> None:
        self.settings = settings
        folder = Path(settings.worker.state)
        folder.mkdir(parents=True, exist_ok=True)
        self.app = _App(
            f"{settings.kafka.prefix}{settings.worker.application}",
            web_host=settings.worker.web_host,
            web_bind=settings.worker.web_host,
            web_port=settings.worker.web_port,
            datadir=str(folder / "faust"),
        )
        self.app.flow_control.resume()  # suspended until a consumer of Faust's own would have partitions
        parts = Assembly(
            settings, steps, LocalMachine(settings.kafka), Metrics(), pinned=pinned, agent=self._agent
        )
        self.topics, self.views, self.metrics = parts.topics, parts.views, parts.metrics
        self.reader, self.intakes = parts.reader, parts.intakes
        if parts.reader is not None:
            self._add(ViewsService, parts.reader)
        for intake in parts.intakes.values():
            self._add(IntakeService, intake)
        add_pages(self)

    def _agent(self, step: str) -> Through:
        """Make the Faust agent that a step's batches go through: one after the other, as they are sent."""
        batches = self.app.channel(maxsize=1)

        async def agent(stream: Any) -> None:
            async for work, done in stream:
                await answered(work, done)

        self.app.agent(batches, name=step)(agent)

        async def through(work: Work) -> None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await batches.send(value=(work, done))
            await done

        return through

    def _add(self, kind: Any, part: Any) -> None:
        """Let a part start and stop with the app."""
        self.app.service(kind(part, loop=self.app.loop, beacon=self.app.beacon))


async def answered(work: Work, done: asyncio.Future[None]) -> None:
    """Do a batch's work, and tell whoever waits; nobody does where a rebalance took the partition away."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001  it belongs to whoever sent the batch
        if not done.done():
            done.set_exception(error)
    else:
        if not done.done():
            done.set_result(None)


def wait_for_topics(settings: Settings) -> None:
    """Return once the topics are known to be as they must be; a broker that is away is waited for."""
    while True:
        try:
            return check(settings.kafka)
        except KafkaAway as error:
            log.warning("%s; trying again in %.0f s", error, AWAY_S)
            time.sleep(AWAY_S)


def _spare_the_collector() -> None:
    """Leave what is there for good out of garbage collection: libraries' million objects, 100 ms each time.

    Records and states make no cycles; what they leave is freed by itself.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(50_000, 20, 100)


def run(settings: Settings, steps: Collection[str], pinned: Views | None = None) -> None:
    """Run one worker until SIGTERM or SIGINT; raises `KafkaFailed` where topics are not as they must be."""
    gc.disable()  # all that is loaded now stays: looking through it again and again takes 0.2 s
    warm_up(settings)
    _spare_the_collector()
    wait_for_topics(settings)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(settings, steps, pinned)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    FaustWorker(worker.app, loop=loop, loglevel="info", redirect_stdouts=False).execute_from_commandline()
