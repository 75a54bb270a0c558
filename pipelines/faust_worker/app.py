"""App: one worker process: a Faust app that supervises intakes, agents, views and the web port."""

import asyncio
import gc
import logging
import time
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import faust
import uvloop
from faust.app.base import BootStrategy
from faust.worker import Worker as FaustWorker

from pipelines.faust_worker.burial import Burial
from pipelines.faust_worker.cache import Cache
from pipelines.faust_worker.collecting import Collecting
from pipelines.faust_worker.intake import Intake
from pipelines.faust_worker.learning import Learning, Snapshots
from pipelines.faust_worker.pace import Pace
from pipelines.faust_worker.partition import Partition, Source
from pipelines.faust_worker.producer import Producer
from pipelines.faust_worker.serving import Serving
from pipelines.faust_worker.views_reader import ViewsReader
from pipelines.faust_worker.warm import warm_up
from pipelines.faust_worker.web import add_pages
from pipelines.kafka.failed import KafkaAway
from pipelines.kafka.topics import check, topics_of
from pipelines.metrics import Metrics
from pipelines.settings import Settings
from pipelines.views import Views
from state.rocks import MIB
from topics.registry import Topic

STEPS = ("serve", "learn", "collect")
INPUTS = {"serve": "listener-events", "learn": "feedback", "collect": "track-events"}
QUIET = ("aiokafka", "faust", "mode")

AWAY_S = 2.0

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[None]]


class _Supervisor(BootStrategy):
    """Start sensors, web and agents; consumers and producers are the intakes' own."""

    enable_kafka = False


class _App(faust.App):
    BootStrategy = _Supervisor


class Worker:
    """All that one process hosts, by step."""

    def __init__(self, settings: Settings, steps: Collection[str], pinned: Views | None = None) -> None:
        self.settings, self.steps = settings, tuple(steps)
        folder = Path(settings.worker.state)
        folder.mkdir(parents=True, exist_ok=True)
        self.topics: dict[str, Topic] = topics_of(settings.kafka)
        self.views = pinned or Views(settings)
        self.metrics = Metrics()
        self.pace = Pace(settings.worker.pause_ms, settings.worker.transaction_ms)
        self.app = _App(
            f"{settings.kafka.prefix}{settings.worker.application}",
            web_host=settings.worker.web_host,
            web_bind=settings.worker.web_host,
            web_port=settings.worker.web_port,
            datadir=str(folder / "faust"),
        )
        self.app.flow_control.resume()  # suspended until a consumer of Faust's own would have partitions
        self.reader: ViewsReader | None = None
        if "serve" in self.steps and pinned is None:
            self.reader = self._service(ViewsReader, self.views, self.metrics, self.topics, settings)
        self.intakes = {step: self._intake(step) for step in self.steps}
        add_pages(self)

    def _intake(self, step: str) -> Intake:
        make, ready = (
            {"serve": self._serving, "learn": self._learning, "collect": self._collecting}[step],
            None,
        )
        if step == "serve" and self.reader is not None:
            ready = self.reader.ready
        topic = self.topics[INPUTS[step]].name
        through = None if step == "serve" else self._agent(step)
        intake: Intake = self._service(Intake, step, topic, partial(make, through), self.settings, ready)
        return intake

    def _agent(self, step: str) -> Callable[[Work], Awaitable[None]]:
        """Make the Faust agent that a step's batches go through: one after the other, as they are sent."""
        batches = self.app.channel(maxsize=1)

        async def agent(stream: Any) -> None:
            async for work, done in stream:
                try:
                    await work()
                except Exception as error:  # noqa: BLE001  it belongs to whoever sent the batch
                    done.set_exception(error)
                else:
                    done.set_result(None)

        self.app.agent(batches, name=step)(agent)

        async def through(work: Work) -> None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await batches.send(value=(work, done))
            await done

        return through

    def _serving(self, through: Any, number: int, source: Source) -> Partition:  # noqa: ARG002  no agent
        cache = self._cache("serve", number)
        make = partial(
            Serving, number, cache, self.topics, self.views, self._burial(), self.metrics, self.settings
        )
        return Partition(number, cache, make, partial(self._producer, "serve", number), source, self.pace)

    def _learning(self, through: Any, number: int, source: Source) -> Partition:
        snapshots = Snapshots(number, self.topics, self.settings)
        make = partial(Learning, number, snapshots, self._burial(), self.topics, self.settings)
        return self._gathering("learn", number, snapshots, make, source, through)

    def _collecting(self, through: Any, number: int, source: Source) -> Partition:
        cache = self._cache("collect", number)
        make = partial(Collecting, number, cache, self._burial(), self.topics, self.settings)
        return self._gathering("collect", number, cache, make, source, through)

    def _gathering(
        self, step: str, number: int, ledger: Any, make: Any, source: Source, through: Any
    ) -> Partition:
        return Partition(
            number,
            ledger,
            make,
            partial(self._producer, step, number),
            source,
            self.pace,
            gather_s=self.settings.worker.batch_ms / 1_000,
            through=through,
        )

    def _burial(self) -> Burial:
        return Burial(self.topics["dead-letters"].name, self.metrics)

    def _cache(self, step: str, number: int) -> Cache:
        changelog = self.topics[f"{step}-changelog"]
        folder = Path(self.settings.worker.state) / changelog.name / str(number)
        memory = self.settings.worker.cache_mb * MIB // changelog.partitions
        return Cache(folder, changelog.name, number, memory, self.settings.kafka)

    def _producer(self, step: str, number: int) -> Producer:
        name = f"{self.settings.kafka.prefix}{self.settings.worker.application}-{step}-{number}"
        return Producer(name, self.settings.kafka)

    def _service(self, kind: Any, *args: Any) -> Any:
        """Make a service that starts and stops with the app."""
        service = kind(*args, loop=self.app.loop, beacon=self.app.beacon)
        self.app.service(service)
        return service


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
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def run(settings: Settings, steps: Collection[str], pinned: Views | None = None) -> None:
    """Run one worker until SIGTERM or SIGINT; raises `KafkaFailed` where topics are not as they must be."""
    warm_up(settings)
    _spare_the_collector()
    wait_for_topics(settings)
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    worker = Worker(settings, steps, pinned)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    FaustWorker(worker.app, loop=loop, loglevel="info", redirect_stdouts=False).execute_from_commandline()
