"""Desk: what the page remembers of an engine's work: the newest decisions, and how they went of late."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np

from bandits.prediction import contract_weights
from bandits.version import Version
from features.context import CONTEXT
from features.track.layout import SHOWN
from features.track.table import TrackTable
from pipelines.decide import Considered, Decided
from pipelines.listener import Listener, Plays
from pipelines.metrics import Metrics, outcome_of
from pipelines.page.answers import (
    Explained,
    Feature,
    HeardPlay,
    ListenerPage,
    Made,
    PolicyPage,
)
from pipelines.page.catalogue import Catalogue
from pipelines.page.curve import Curve
from pipelines.page.hub import Hub
from pipelines.serve import Transition
from pipelines.views import Views
from pipelines.why import Slot, artist_of, explain, title_of
from topics.codec import encode
from topics.scores import ScoredTrack, Scores

DECISIONS_KEPT = 2_000
LISTENERS_KEPT = 2_000
HEARD_SHOWN = 30
DECISIONS_SHOWN = 20


class Remembered(NamedTuple):
    """A decision, and what it was made of as far as that is known: an engine elsewhere tells scores first."""

    scores: Scores
    considered: Considered | None = None  # all candidates, or those of the slate
    version: Version | None = None
    candidates: int | None = None  # how many were considered


class Desk:
    """Is told of every transition; answers what people ask about it. Holds the engine up for nothing."""

    def __init__(self, views: Views, metrics: Metrics, hub: Hub, span_ms: int) -> None:
        self.views = views
        self.metrics = metrics
        self.hub = hub
        self.catalogue = Catalogue(views.table)
        self.explored: deque[bool] = deque(maxlen=1_000)  # by slate
        self.residuals: deque[float] = deque(maxlen=5_000)  # by seen slot
        self.surprises = Curve(span_ms)  # the same over event time
        self._decisions: OrderedDict[str, Remembered] = OrderedDict()
        self._newest: OrderedDict[str, Remembered] = OrderedDict()  # by listener

    def observe(self, kind: str, done: Transition, version: Version, seconds: float | None = None) -> str:
        """Take note of one record's transition under the version that decided; return its outcome."""
        self.metrics.decides(version)
        self.metrics.took(kind, done, seconds)
        self._note_residuals(done)
        decided = done.decided
        if decided is not None:
            if decided.pending is not None:
                best = float(np.max(decided.considered.means))
                self.explored.append(decided.pending.means[0] < best)
            handles = decided.considered.handles
            self.remember(Remembered(decided.scores, decided.considered, version, len(handles)))
        return outcome_of(done)

    def fired(self, done: Transition) -> None:
        """Take note of what a listener's timers have emitted."""
        self.metrics.emitted(done)
        self._note_residuals(done)

    def _note_residuals(self, done: Transition) -> None:
        for events in done.events:
            shown = events[events["kind"] == SHOWN]
            if len(shown):
                self.residuals.extend(shown["residual"].tolist())
                self.surprises.add(int(shown["at_ms"][0]), float(shown["residual"].sum()), len(shown))

    def remember(self, made: Remembered) -> None:
        """Keep a decision, and tell those who follow its listener."""
        listener_id = made.scores.listener_id
        self._decisions[made.scores.decision_id] = made
        self._newest[listener_id] = made
        self._newest.move_to_end(listener_id)
        if len(self._decisions) > DECISIONS_KEPT:
            self._decisions.popitem(last=False)
        if len(self._newest) > LISTENERS_KEPT:
            self._newest.popitem(last=False)
        self.hub.publish("scores", encode(made.scores), listener_id)

    def lacking(self, listener_id: str) -> list[str]:
        """Return a listener's decisions of which nobody has said yet what they were made of."""
        return [
            made.scores.decision_id
            for made in self._decisions.values()
            if made.considered is None and made.scores.listener_id == listener_id
        ]

    def describe(
        self, decision_id: str, considered: Considered, candidates: int | None, version: Version
    ) -> None:
        """Add what a remembered decision was made of."""
        made = self._decisions.get(decision_id)
        if made is None:
            return
        listener_id = made.scores.listener_id
        known = self._decisions[decision_id] = Remembered(made.scores, considered, version, candidates)
        if self._newest.get(listener_id) is made:
            self._newest[listener_id] = known

    def forget(self, listener_id: str) -> None:
        """Drop all decisions of a listener who wants to be forgotten."""
        self._newest.pop(listener_id, None)
        for decision_id in [made.decision_id for made in self._made_for(listener_id)]:
            del self._decisions[decision_id]

    @property
    def listeners(self) -> int:
        """How many listeners are remembered."""
        return len(self._newest)

    def active(self, n: int) -> list[str]:
        """Return the listeners lately heard of, the newest first."""
        return list(reversed(self._newest))[:n]

    def scores_of(self, decision_id: str) -> Scores | None:
        """Return the scores of a decision, None if it is not remembered."""
        made = self._decisions.get(decision_id)
        return None if made is None else made.scores

    def decision(self, decision_id: str, state: Listener | None) -> Explained | None:
        """Return a remembered decision, explained from its listener's state where that is known."""
        made = self._decisions.get(decision_id)
        return None if made is None else self._explained(made, state)

    def _explained(self, made: Remembered, state: Listener | None) -> Explained:
        scores, table = made.scores, self.views.table
        slots = tuple(_unexplained(slot, table) for slot in scores.slate)
        if state is not None and made.considered is not None and made.version is not None:
            slots = explain(Decided(scores, None, made.considered), made.version, state.plays, table)
        return Explained(
            decision_id=scores.decision_id,
            listener_id=scores.listener_id,
            at_ms=scores.at_ms,
            surface=scores.surface,
            cause=scores.cause,
            policy=scores.policy,
            policy_version=scores.policy_version,
            candidates=made.candidates,
            slots=slots,
            reason=scores.reason,
        )

    def listener(self, listener_id: str, state: Listener) -> ListenerPage:
        """Return what is known of one listener."""
        made = self._newest.get(listener_id)
        considered = None if made is None else made.considered
        return ListenerPage(
            listener_id=listener_id,
            newest_ms=state.newest_ms,
            plays=len(state.plays),
            pending=sum(decision.kind == "recommended" for decision in state.pending),
            heard=tuple(self._heard(state.plays[: -HEARD_SHOWN - 1 : -1])),
            features=() if considered is None else tuple(_features(considered)),
            scores=None if made is None else self._explained(made, state),
            decisions=tuple(islice(self._made_for(listener_id), DECISIONS_SHOWN)),
        )

    def _made_for(self, listener_id: str) -> Iterator[Made]:
        for made in reversed(self._decisions.values()):
            scores = made.scores
            if scores.listener_id == listener_id:
                first = scores.slate[0].track_id if scores.slate else None
                title = "" if first is None else title_of(self.views.table, self.views.table.handle(first))
                yield Made(scores.decision_id, scores.at_ms, title)

    def _heard(self, plays: Plays) -> Iterable[HeardPlay]:
        table = self.views.table
        for play in plays:
            handle, share = int(play["track"]), float(play["share"])
            yield HeardPlay(
                track_id=table.names[handle],
                title=title_of(table, handle),
                artist=artist_of(table, handle),
                started_ms=int(play["started_ms"]),
                share=None if np.isnan(share) else share,
                skipped=None if play["skipped"] < 0 else bool(play["skipped"]),
                liked=int(play["liked"]),
            )

    def policy(self) -> PolicyPage:
        """Return the policy and the version that decides."""
        version = self.views.version
        contexts = [made.considered.context for made in self._newest.values() if made.considered is not None]
        average = np.mean(contexts, axis=0) if contexts else np.zeros(len(version.context_names))
        worth = contract_weights(version.weights, average.astype(np.float32))
        return PolicyPage(
            name=self.views.policy_name,
            version=version.name,
            rows=version.rows,
            at_ms=version.at_ms,
            context_names=version.context_names,
            pair_names=version.pair_names,
            weights=tuple(map(tuple, version.weights.tolist())),
            worth=tuple(worth.tolist()),
        )


def _features(considered: Considered) -> Iterable[Feature]:
    for (name, module), value in zip(CONTEXT.items(), considered.context.tolist(), strict=True):
        yield Feature(name, value, module.UNIT)


def _unexplained(slot: ScoredTrack, table: TrackTable) -> Slot:
    handle = table.handle(slot.track_id)
    return Slot(
        slot.track_id, title_of(table, handle), artist_of(table, handle), slot.score, slot.propensity,
        slot.source, slot.score, (), slot.p_skip,
    )  # fmt: skip
