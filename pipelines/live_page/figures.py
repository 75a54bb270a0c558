"""Figures: how a deployment is doing, from what goes over its topics."""

import time
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

import numpy as np
import numpy.typing as npt

from pipelines.metrics import Metrics
from pipelines.page.curve import Curve
from pipelines.page.desk import Desk
from pipelines.page.port import Note
from topics.feedback import Feedback
from topics.play import Play
from topics.request import Request
from topics.scores import Scores

SPAN_MS = 60_000
SMOOTH = 60  # spans of a mean: an hour
SPANS_SHOWN = 180
DAY_MS = 86_400_000
WAITING_MAX = 20_000  # records whose scores have not come yet
NOTES_MAX = 50
NEW_ARTISTS_S = 30.0  # between two looks at whose artists are new
LOG_APPEND_TIME = 1


class Figures:
    """Curves over minutes of event time, and counts since this process began."""

    def __init__(self, desk: Desk, metrics: Metrics) -> None:
        self.plays = 0
        self.newest_ms = 0  # event time of the newest scores
        self.rewards: defaultdict[str, Curve] = defaultdict(lambda: Curve(SPAN_MS))  # by policy
        self.new_artists = Curve(SPAN_MS)
        self.dead_letters: Counter[str] = Counter()
        self.notes: deque[Note] = deque(maxlen=NOTES_MAX)
        self._desk, self._metrics = desk, metrics
        self._received_ms: OrderedDict[tuple[str, str], int] = OrderedDict()  # (listener, cause)
        self._rates: deque[tuple[float, int]] = deque(maxlen=5)
        self._drifts: int | None = None
        self._is_new = np.zeros(0, np.bool_)  # by artist
        self._looked_s = -NEW_ARTISTS_S

    def event(self, event: Play | Request, record: Any) -> None:
        """Count a record of listener-events; its scores will tell how long they took."""
        self.plays += isinstance(event, Play)
        if record.timestamp_type != LOG_APPEND_TIME:
            return
        cause = event.event_id if isinstance(event, Play) else event.request_id
        self._received_ms[event.listener_id, cause] = record.timestamp
        if len(self._received_ms) > WAITING_MAX:
            self._received_ms.popitem(last=False)

    def scores(self, scores: Scores, record: Any) -> None:
        """Count a slate: whether it explored, and when the log had it after its cause."""
        self.newest_ms = max(self.newest_ms, scores.at_ms)
        received_ms = self._received_ms.pop((scores.listener_id, scores.cause), None)
        if received_ms is not None:
            self._metrics.latency.observe(max(record.timestamp - received_ms, 0) / 1_000)
        if scores.slate:
            self._desk.explored.append(scores.slate[0].score < max(slot.score for slot in scores.slate))

    def feedback(self, feedback: Feedback) -> None:
        """Count what seen slots have earned, beside what was expected of them."""
        if feedback.kind != "recommended":
            return
        scores = self._desk.scores_of(feedback.decision_id)
        first = [slot for slot in feedback.slots if slot.first]
        earned = sum(slot.reward_change for slot in feedback.slots)
        self.rewards[feedback.policy].add(feedback.at_ms, earned, len(first))
        new = sum(self._by_new_artist(slot.track_id) for slot in first)
        self.new_artists.add(feedback.at_ms, new, len(first))
        if scores is not None and all(slot.slot < len(scores.slate) for slot in first):
            expected = [scores.slate[slot.slot].score for slot in first]
            self._desk.surprises.add(feedback.at_ms, earned - sum(expected), len(first))

    def drifted(self, drifts: int, now_ms: int) -> None:
        """Note how many drifts the learners have found; those of before this process are not news."""
        if self._drifts is not None and drifts > self._drifts:
            self.notes.append(Note(now_ms, "a learner finds a drift", "drift"))
        self._drifts = drifts

    def tick(self, now_ms: int) -> None:
        """Look once a second at what changes by itself."""
        now_s = time.monotonic()
        self._rates.append((now_s, self.plays))
        if now_s - self._looked_s >= NEW_ARTISTS_S:
            self._looked_s = now_s
            self._is_new = self._new_artists(now_ms - DAY_MS)

    @property
    def plays_per_s(self) -> float:
        """Plays a second, of the last seconds."""
        if len(self._rates) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._rates[0], self._rates[-1]
        return round((last - first) / max(last_s - first_s, 1e-9), 1)

    def start_ms(self, now_ms: int) -> int:
        """Return where the curves begin: with what is known, at most three hours ago."""
        known = [c.start_ms for c in (*self.rewards.values(), self._desk.surprises) if c.start_ms]
        longest_ms = (now_ms // SPAN_MS + 1 - SPANS_SHOWN) * SPAN_MS
        return max(min(known, default=now_ms // SPAN_MS * SPAN_MS), longest_ms)

    def _new_artists(self, since_ms: int) -> npt.NDArray[np.bool_]:
        """Return for each artist whether all their tracks were first heard since then.

        Nobody is new where everybody is: in a deployment that is younger than that.
        """
        table = self._desk.views.table
        tracks = table.tracks[: len(table)]
        known = tracks[(tracks["artist"] >= 0) & (tracks["first_heard_ms"] >= 0)]
        first_ms = np.full(len(table.artists), np.iinfo(np.int64).max)
        np.minimum.at(first_ms, known["artist"], known["first_heard_ms"])
        heard = first_ms < np.iinfo(np.int64).max
        new = heard & (first_ms >= since_ms)
        return new if np.any(heard & ~new) else np.zeros_like(new)

    def _by_new_artist(self, track_id: str) -> bool:
        table = self._desk.views.table
        if track_id not in table:
            return False
        artist = int(table.tracks["artist"][table.handle(track_id)])
        return 0 <= artist < len(self._is_new) and bool(self._is_new[artist])
