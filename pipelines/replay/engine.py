"""Engine: the three steps joined in one process; each record's effect is learned before the next.

What serve emits goes straight to learn and collect, at once or a number of plays later
(``view_lag``), so that replay can show what stale views cost.
"""

from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from features.track.layout import EVENT
from numeric.arrays import Bytes
from pipelines.collect import collect, records_of
from pipelines.erase import erase
from pipelines.learn import Learner
from pipelines.listeners import Listeners
from pipelines.serve import FOREVER_MS, Transition, fire_timers, serve
from pipelines.settings import Settings
from pipelines.timer_queue import TimerQueue
from pipelines.views import Views
from state.store import Store
from topics.codec import encode_line
from topics.erasure import Erasure
from topics.feedback import Feedback
from topics.play import Play
from topics.policy_snapshot import PolicySnapshot
from topics.registry import SNAPSHOTS_KEPT
from topics.request import Request


class Delayed(NamedTuple):
    """What one record taught, until the views may know it."""

    play: int
    feedback: list[Feedback]
    event_bytes: list[Bytes]  # of tracks
    recent: tuple[int, int, int] | None = None  # (session mark, track, event time)


class Failed(NamedTuple):
    """What learn or collect could not take in: its topic, its bytes, and the reason."""

    topic: str
    value: bytes
    error: Exception


def nothing_retained(erased: Feedback) -> list[Feedback]:  # noqa: ARG001  as a driver's would be called
    """Return no feedback: none was kept that could be taken back."""
    return []


class Engine:
    """Serve, learn and collect, over one store of listeners.

    ``learning`` false leaves the views as they are (pinned, or frozen from some point on).
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        views: Views | None = None,
        *,
        view_lag: int = 0,
        durable: bool = False,
    ) -> None:
        self.settings = settings
        self.views = views or Views(settings)
        self.learner = Learner(settings)
        table = self.views.table
        self.listeners = Listeners(store, table.names, table.handle, durable=durable)
        self.learning = True
        self.view_lag = view_lag
        self.plays = 0  # records of plays taken
        self.met = 0  # listeners met for the first time
        self.counts: Counter[str] = Counter()
        self.delayed: deque[Delayed] = deque()
        self.learned = 0  # of what was delayed, since the start
        self.stored_delayed = range(0)  # which of what was delayed are in the store, by number
        self.durable = durable
        if durable:
            self.views.recent.changed = set()
        self.followed: set[int] = set()  # tracks whose newest place changed since the checkpoint
        self.counted: list[npt.NDArray[np.int32]] = []  # tracks whose facts changed since the checkpoint
        self.failed: list[Failed] = []  # for the driver to empty
        self.retained = nothing_retained  # what learn was told of a listener before an erasure
        self.made: list[tuple[PolicySnapshot, PolicySnapshot]] = []  # versions since the checkpoint
        self.pinned = False  # the version in use stays, whatever is learned
        self.unkept = False  # versions kept before the checkpoint hold what was erased since
        self._timers = TimerQueue()

    def take(self, record: Play | Request, received_ms: int | None = None) -> Transition:
        """Serve one record and learn from what it emits; what serve raises leaves all as before."""
        listener_id = record.listener_id
        before = self.listeners.get(listener_id)
        done = serve(before, record, self.views, self.settings, received_ms)
        self.met += before is None
        if type(record) is Play:
            self.plays += 1
        self._absorb(listener_id, done)
        return done

    def erase(self, erasure: Erasure, received_ms: int | None = None) -> Transition:
        """Forget a listener: the next record meets somebody new, and evidence is as if they had not been.

        Facts of tracks are anonymous and stay.
        """
        before = self.listeners.get(erasure.listener_id)
        done = erase(before, erasure, self.views, self.settings, received_ms)
        self._absorb(erasure.listener_id, done)
        return done

    def fire_due(self, log_ms: int) -> Iterator[Transition]:
        """Fire the timers of all listeners that are due at a moment of the log, in order of deadline.

        Only for a log whose records come in the order of this time: there it gives each listener what
        the listener's own next record would give, earlier.
        """
        until_ms = log_ms - self.settings.sessions.timer_delay_ms
        for scheduled_ms, listener_id in self._timers.due(until_ms):
            state = self.listeners.get(listener_id)
            if state is None:
                continue
            if state.due_ms > scheduled_ms:
                self._timers.schedule(listener_id, state.due_ms)
                continue
            done = fire_timers(state, listener_id, scheduled_ms, self.views, self.settings)
            self._absorb(listener_id, done)
            yield done

    def finish(self) -> Iterator[Transition]:
        """Fire every timer there is, but forget nobody: the log has ended."""
        for listener_id in self._timers.waiting():
            state = self.listeners.get(listener_id)
            if state is None:
                continue
            done = fire_timers(state, listener_id, FOREVER_MS, self.views, self.settings)
            self._absorb(listener_id, done)
            yield done
        if self.learning:
            self.catch_up(lag=0)

    def catch_up(self, lag: int) -> None:
        """Learn what was emitted up to ``lag`` plays ago."""
        while self.delayed and self.delayed[0].play <= self.plays - lag:
            self._learn(self.delayed.popleft())
            self.learned += 1

    def schedule_all(self) -> None:
        """Find every stored listener's next timer, after a restart."""
        for listener_id, state in self.listeners.scan():
            self._timers.schedule(listener_id, state.due_ms)

    def _absorb(self, listener_id: str, done: Transition) -> None:
        if done.counts:
            self.counts.update(done.counts)
        self.listeners.put(listener_id, done.state)
        if done.state is not None:
            self._timers.schedule(listener_id, done.state.due_ms)
        if not self.learning:
            return
        if self.view_lag == 0:
            self._learn(Delayed(self.plays, done.feedback, done.event_bytes, done.recent))
            return
        if done.feedback or done.event_bytes or done.recent:
            self.delayed.append(Delayed(self.plays, done.feedback, done.event_bytes, done.recent))
        self.catch_up(self.view_lag)

    def _learn(self, news: Delayed) -> None:
        """Collect and learn; what cannot be taken in is left out and kept in ``failed``."""
        if news.recent is not None:
            mark, track, _ = news.recent
            self.views.recent.append(mark, track, self.views.table)
            if self.durable:
                self.followed.add(track)
        for some in news.event_bytes:
            try:
                collect(self.views.table, some)
            except Exception as error:  # noqa: BLE001  the driver buries it; the listener has moved on
                lines = b"".join(map(encode_line, records_of(some.view(EVENT), self.views.table)))
                self.failed.append(Failed("track-events", lines, error))
            if self.durable and len(some):
                self.counted.append(some.view(EVENT)["track"])
        due = False
        for feedback in news.feedback:
            try:
                if feedback.kind == "erased":
                    self.counts["rows_erased"] += self.learner.erase(self.retained(feedback))
                    due = True
                    self.made.clear()
                    self.unkept = True
                due |= self.learner.learn(feedback)
            except Exception as error:  # noqa: BLE001
                self.failed.append(Failed("feedback", encode_line(feedback), error))
        if due:
            try:
                if self.pinned:
                    self.learner.next_version()
                else:
                    self.views.version, self.views.skips = self.learner.make_versions()
            except Exception as error:  # noqa: BLE001
                self.failed.append(Failed("policy-snapshots", b"", error))
                return
            if self.durable:
                self.made = [*self.made[1 - SNAPSHOTS_KEPT :], self.learner.snapshots()]
