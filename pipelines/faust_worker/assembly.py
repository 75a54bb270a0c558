"""Assembly: the parts of one worker process put together; whoever supervises them starts and stops them."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial
from pathlib import Path

from pipelines.faust_worker.cache import Cache
from pipelines.faust_worker.collecting import Collecting
from pipelines.faust_worker.intake import Intake
from pipelines.faust_worker.learning import Learning, Snapshots
from pipelines.faust_worker.machine import Machine
from pipelines.faust_worker.pace import Pace
from pipelines.faust_worker.partition import Partition, Source
from pipelines.faust_worker.producer import Producer
from pipelines.faust_worker.serving import Serving
from pipelines.faust_worker.step import Ledger, Step
from pipelines.faust_worker.views_reader import ViewsReader
from pipelines.kafka.burial import Burial
from pipelines.kafka.topics import other_count, topics_of
from pipelines.metrics import Metrics
from pipelines.settings import Settings
from pipelines.views import Views
from state.rocks import MIB
from topics.registry import Topic

STEPS = ("serve", "learn", "collect")
INPUTS = {"serve": "listener-events", "learn": "feedback", "collect": "track-events"}

Work = Callable[[], Awaitable[None]]
Through = Callable[[Work], Awaitable[None]]


class Assembly:
    """One intake for each step, and the reader of views where there is one to serve.

    ``agent`` returns what a step's batches go through, where the engine has something for it.
    """

    def __init__(
        self,
        settings: Settings,
        steps: Collection[str],
        machine: Machine,
        metrics: Metrics,
        *,
        pinned: Views | None = None,
        agent: Callable[[str], Through] | None = None,
    ) -> None:
        self.settings, self.machine, self.metrics = settings, machine, metrics
        self.topics: dict[str, Topic] = topics_of(settings.kafka)
        self.views = pinned or Views(settings)
        self.reader: ViewsReader | None = None
        if "serve" in steps and pinned is None:
            self.reader = ViewsReader(self.views, metrics, self.topics, settings, machine)
        worker = settings.worker
        self._paces = {
            step: Pace(worker.pause_ms, worker.transaction_ms, machine.elapsed_s) for step in steps
        }
        self.intakes = {step: self._intake(step, agent) for step in steps}

    def _intake(self, step: str, agent: Callable[[str], Through] | None) -> Intake:
        make = {"serve": self._serving, "learn": self._learning, "collect": self._collecting}[step]
        through = None if step == "serve" or agent is None else agent(step)
        ready = self.reader.ready if step == "serve" and self.reader is not None else None
        topic = self.topics[INPUTS[step]]
        refuse = partial(other_count, INPUTS[step], topic)
        return Intake(step, topic, refuse, partial(make, through), self.settings, self.machine, ready)

    def _serving(self, through: Through | None, number: int, source: Source) -> Partition:
        cache = self._cache("serve", number)
        make = partial(
            Serving, number, cache, self.topics, self.views, self._burial(), self.metrics, self.settings
        )
        return self._partition("serve", number, cache, make, source, through)

    def _learning(self, through: Through | None, number: int, source: Source) -> Partition:
        snapshots = Snapshots(number, self.topics, self.settings, self.machine)
        make = partial(Learning, number, snapshots, self._burial(), self.topics, self.settings)
        return self._partition("learn", number, snapshots, make, source, through)

    def _collecting(self, through: Through | None, number: int, source: Source) -> Partition:
        cache = self._cache("collect", number)
        make = partial(Collecting, number, cache, self._burial(), self.topics, self.settings)
        return self._partition("collect", number, cache, make, source, through)

    def _partition(
        self,
        step: str,
        number: int,
        ledger: Ledger,
        make: Callable[[], Step],
        source: Source,
        through: Through | None,
    ) -> Partition:
        gather_s = 0.0 if step == "serve" else self.settings.worker.batch_ms / 1_000
        return Partition(
            number,
            ledger,
            make,
            partial(self._producer, step, number),
            source,
            self._paces[step],
            self.machine,
            gather_s=gather_s,
            through=through,
        )

    def _burial(self) -> Burial:
        return Burial(self.topics["dead-letters"].name, self.metrics)

    def _cache(self, step: str, number: int) -> Cache:
        changelog = self.topics[f"{step}-changelog"]
        folder = Path(self.settings.worker.state) / changelog.name / str(number)
        memory = self.settings.worker.cache_mb * MIB // changelog.partitions
        return Cache(folder, changelog.name, number, memory, self.machine)

    def _producer(self, step: str, number: int) -> Producer:
        return Producer(transactional_id(step, number, self.settings), self.machine)


def transactional_id(step: str, number: int, settings: Settings) -> str:
    """Return the name of a partition's producer: of two with one name, the elder is fenced.

    >>> transactional_id("serve", 3, Settings())
    'segue-serve-3'
    """
    return f"{settings.kafka.prefix}{settings.worker.application}-{step}-{number}"
