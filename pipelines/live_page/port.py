"""LivePort: the page's port over Kafka: records go onto the log, and what comes of them is read back."""

import asyncio
import time
from collections import OrderedDict
from typing import Any

from bandits.version import Version
from pipelines.faust_worker.machine import LocalMachine
from pipelines.faust_worker.views_reader import ViewsReader
from pipelines.kafka.letters import letter_of, schema_of
from pipelines.kafka.topics import topics_of
from pipelines.listener import Listener, newest_decision, restore_listener
from pipelines.listeners import body_of
from pipelines.live_page.figures import SMOOTH, SPAN_MS, Figures
from pipelines.live_page.follower import Follower
from pipelines.live_page.made_of import of_pending, of_whole
from pipelines.live_page.named_versions import NamedVersions
from pipelines.live_page.sender import Sender
from pipelines.live_page.workers import AGAIN, Workers
from pipelines.metrics import Metrics
from pipelines.page.desk import Desk, Remembered
from pipelines.page.hub import Hub
from pipelines.page.port import Bucket, Overview
from pipelines.page.problems import Problem
from pipelines.settings import Settings
from pipelines.views import LAYOUT, Views
from topics.codec import decode, encode
from topics.dead_letter import Rejected
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request
from topics.scores import Decision

BEHIND: dict[str, int | None] = {
    "listener-events": 0,
    "scores": 500,  # of each partition: enough to be told who was heard of lately
    "decisions": 500,
    "feedback": 2_000,
    "dead-letters": 0,
    "policy-snapshots": None,
}
TELL_S = 1.0
WHOLE_KEPT = 1_000
ACTIVE_SHOWN = 12
HISTORY_AHEAD_MS = 25 * 3_600_000  # where event time alone decides, who looks on may change the hour
AHEAD_MARGIN_MS = 60_000  # by which the brokers' clocks may be behind ours


class LivePort:
    """One deployment on Kafka, and its desk; a `pipelines.page.port.Port`.

    ``pinned`` are views that do not move, those of workers that were started with ``--views``.
    """

    def __init__(self, settings: Settings, run_id: str, pinned: Views | None = None) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.views = pinned or Views(settings)
        self.hub = Hub(run_id, on_missed=self.metrics.missed.inc)
        self.desk = Desk(self.views, self.metrics, self.hub, SPAN_MS)
        self.figures = Figures(self.desk, self.metrics)
        topics = topics_of(settings.kafka)
        self._reader = None
        if pinned is None:
            self._reader = ViewsReader(
                self.views, self.metrics, topics, settings, LocalMachine(settings.kafka)
            )
        self._versions = NamedVersions(self.views.version, topics["feedback"].partitions, settings)
        self._workers = Workers(settings)
        self._sender = Sender(topics["listener-events"], self._workers, settings.kafka)
        apply = {
            "listener-events": self._event,
            "scores": self._scores,
            "decisions": self._decision,
            "feedback": self._feedback,
            "dead-letters": self._letter,
            "policy-snapshots": self._snapshot,
        }
        self._follower = Follower(topics, apply, BEHIND, settings.kafka)
        self._whole: OrderedDict[str, Decision] = OrderedDict()  # of the listeners drawn for that

    # -------------------------------------------------------------- what the page asks for

    @property
    def now_ms(self) -> int:
        """Wall clock; event time where that alone decides."""
        newest_ms = self.figures.newest_ms if self.settings.kafka.history else 0
        return newest_ms or int(time.time() * 1_000)

    @property
    def trouble(self) -> str | None:
        """Why records cannot be served, None where they can."""
        if self._follower.fault:
            return self._follower.fault
        if not (self._follower.ready.is_set() and self._sender.ready):
            return "Kafka is not connected yet"
        if self._reader is not None and not self._reader.ready.is_set():
            return "the views are not read yet"
        return None

    async def take(self, record: Play | Request) -> str:
        """Send a record, and wait for what a worker makes of it."""
        self._check_clock(record)
        if self.trouble is not None:
            raise Problem(503, self.trouble, headers=AGAIN)
        return await self._sender.send(record)

    async def listener(self, listener_id: str) -> Listener | None:
        """Ask the worker that has a listener; raises `Problem` (503) while nobody has."""
        kept = await self._workers.kept(listener_id)
        if kept is None:
            return None
        state = restore_listener(body_of(kept.state, listener_id), self.views.table.handle)
        waiting = {pending.decision_id: pending for pending in state.pending}
        for decision_id in self.desk.lacking(listener_id):
            whole, pending = self._whole.get(decision_id), waiting.get(decision_id)
            if whole is not None:
                version = await self._version_of(whole.scores.policy, whole.scores.policy_version)
                if version is not None:
                    self.desk.describe(decision_id, *of_whole(whole, version, self.views.table), version)
            elif pending is not None:
                version = await self._version_of(pending.policy, pending.policy_version)
                beside = state.contrasts if pending is newest_decision(state.pending) else None
                if version is not None:
                    self.desk.describe(decision_id, *of_pending(pending, beside, self.views.table), version)
        return state

    async def _version_of(self, policy: str, name: str) -> Version | None:
        return await self._versions.named(name) if policy == self.views.policy_name else None

    def overview(self) -> Overview:
        """Return how the deployment is doing."""
        figures, desk, views = self.figures, self.desk, self.views
        now_ms = self.now_ms
        start_ms = figures.start_ms(now_ms)
        rewards = {views.policy_name: figures.rewards[views.policy_name]} | figures.rewards
        surprises = desk.surprises.means(SMOOTH, start_ms)
        return Overview(
            now_ms=now_ms,
            ahead_ms=self._ahead_ms,
            start_ms=start_ms,
            span_ms=SPAN_MS,
            spans=0,
            window_ms=SMOOTH * SPAN_MS,
            plays=figures.plays,
            plays_per_s=figures.plays_per_s,
            listeners=desk.listeners,
            tracks=len(views.table.titles),
            policy=views.policy_name,
            version=views.version.name,
            rows=views.version.rows,
            rewards={name: curve.means(SMOOTH, start_ms) for name, curve in rewards.items()},
            new_artists={views.policy_name: figures.new_artists.means(SMOOTH, start_ms)},
            explored=round(sum(desk.explored) / max(len(desk.explored), 1), 4),
            surprise=surprises[-1] if surprises else 0.0,
            surprises=surprises,
            drifts=self._versions.drifts,
            latency=[Bucket(most_ms, records) for most_ms, records in self.metrics.latency_ms()],
            dead_letters=dict(figures.dead_letters),
            active=desk.active(ACTIVE_SHOWN),
            notes=list(figures.notes),
        )

    @property
    def _ahead_ms(self) -> int:
        if self.settings.kafka.history:
            return HISTORY_AHEAD_MS
        return max(self.settings.sessions.early_ms - AHEAD_MARGIN_MS, 0)

    def _check_clock(self, record: Play | Request) -> None:
        """Refuse what a worker would bury: the sender can mend it."""
        field, at_ms = "at_ms", record.at_ms
        if isinstance(record, Play):
            field, at_ms = "started_ms", record.started_ms
        latest_ms = self.now_ms + self._ahead_ms
        if not self.settings.kafka.history and at_ms > latest_ms:
            detail = f"{field} is {at_ms}, expected at most {latest_ms}: check the clock, or wait until then"
            raise Rejected("future", detail, field)

    # -------------------------------------------------------------- what goes on while it is served

    async def run(self) -> None:
        """Follow, produce and tell until cancelled."""
        async with self._workers, asyncio.TaskGroup() as tasks:
            if self._reader is not None:
                tasks.create_task(self._reader.run())
            tasks.create_task(self._follower.run())
            tasks.create_task(self._sender.run())
            tasks.create_task(self._tell())

    async def _tell(self) -> None:
        while True:
            self.figures.tick(self.now_ms)
            self.figures.drifted(self._versions.drifts, self.now_ms)
            self.metrics.tracks.set(len(self.views.table.titles))
            if self.hub.streams:
                self.hub.publish("overview", encode(self.overview()))
            await asyncio.sleep(TELL_S)

    # -------------------------------------------------------------- what comes over the topics

    def _event(self, record: Any) -> None:
        try:
            event = _read(record)
        except Rejected:
            return  # its dead letter will come
        if isinstance(event, Erasure):
            self.desk.forget(event.listener_id)
        elif isinstance(event, Play | Request):
            self.figures.event(event, record)

    def _scores(self, record: Any) -> None:
        scores = _read(record)
        self.figures.scores(scores, record)
        self.desk.remember(Remembered(scores))
        self._sender.scored(scores)

    def _decision(self, record: Any) -> None:
        decision: Decision = _read(record)
        if decision.layout == LAYOUT:
            self._whole[decision.scores.decision_id] = decision
            if len(self._whole) > WHOLE_KEPT:
                self._whole.popitem(last=False)

    def _feedback(self, record: Any) -> None:
        self.figures.feedback(_read(record))

    def _letter(self, record: Any) -> None:
        try:
            letter, _ = letter_of(record.key, record.value, record.headers)
        except Rejected:
            return  # no worker of ours wrote it
        self.figures.dead_letters[letter.reason] += 1
        self._sender.buried(letter)

    def _snapshot(self, record: Any) -> None:
        if record.value is not None:
            self._versions.take(record.value)


def _read(record: Any) -> Any:
    return decode(record.value or b"", schema_of(record.headers))
