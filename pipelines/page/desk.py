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
from numeric.exact import exp2
from pipelines.decide import Decided
from pipelines.listener import Listener, Plays
from pipelines.metrics import Metrics, outcome_of
from pipelines.page.answers import (
    Explained,
    Feature,
    Follower,
    HeardPlay,
    ListenerPage,
    Made,
    PolicyPage,
    TrackPage,
)
from pipelines.page.curve import Curve
from pipelines.page.hub import Hub
from pipelines.serve import Transition
from pipelines.views import Views
from pipelines.why import artist_of, explain, title_of
from topics.codec import encode
from topics.track import Track

DECISIONS_KEPT = 2_000
LISTENERS_KEPT = 2_000
HEARD_SHOWN = 30
DECISIONS_SHOWN = 20
FOLLOWERS_SHOWN = 8


class Remembered(NamedTuple):
    """A decision, and the version that made it."""

    decided: Decided
    version: Version


class Desk:
    """Is told of every transition; answers what people ask about it. Holds the engine up for nothing."""

    def __init__(self, views: Views, metrics: Metrics, hub: Hub, span_ms: int) -> None:
        self.views = views
        self.metrics = metrics
        self.hub = hub
        self.explored: deque[bool] = deque(maxlen=1_000)  # by slate
        self.residuals: deque[float] = deque(maxlen=5_000)  # by seen slot
        self.surprises = Curve(span_ms)  # the same over event time
        self._decisions: OrderedDict[str, Remembered] = OrderedDict()
        self._newest: OrderedDict[str, Remembered] = OrderedDict()  # by listener
        self._searched: list[tuple[str, int]] = []  # text and handle of every titled track

    def observe(
        self, kind: str, listener_id: str, done: Transition, version: Version, seconds: float | None = None
    ) -> str:
        """Take note of one record's transition under the version that decided; return its outcome."""
        self.metrics.decides(version)
        self.metrics.took(kind, done, seconds)
        self._note_residuals(done)
        decided = done.decided
        if decided is not None:
            self._remember(listener_id, Remembered(decided, version))
            self.hub.publish("scores", encode(decided.scores), listener_id)
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

    def _remember(self, listener_id: str, made: Remembered) -> None:
        pending = made.decided.pending
        if pending is not None:
            self.explored.append(pending.means[0] < float(np.max(made.decided.considered.means)))
        self._decisions[made.decided.scores.decision_id] = made
        self._newest[listener_id] = made
        self._newest.move_to_end(listener_id)
        if len(self._decisions) > DECISIONS_KEPT:
            self._decisions.popitem(last=False)
        if len(self._newest) > LISTENERS_KEPT:
            self._newest.popitem(last=False)

    def active(self, n: int) -> list[str]:
        """Return the listeners lately heard of, the newest first."""
        return list(reversed(self._newest))[:n]

    def listener_of(self, decision_id: str) -> str | None:
        """Return whose decision it is, None if it is not remembered."""
        made = self._decisions.get(decision_id)
        return None if made is None else made.decided.scores.listener_id

    def decision(self, decision_id: str, state: Listener | None) -> Explained | None:
        """Return a remembered decision, explained from its listener's state."""
        made = self._decisions.get(decision_id)
        return None if made is None or state is None else self._explained(made, state)

    def newest(self, listener_id: str, state: Listener | None) -> Explained | None:
        """Return a listener's newest decision."""
        made = self._newest.get(listener_id)
        return None if made is None or state is None else self._explained(made, state)

    def _explained(self, made: Remembered, state: Listener) -> Explained:
        scores = made.decided.scores
        return Explained(
            decision_id=scores.decision_id,
            listener_id=scores.listener_id,
            at_ms=scores.at_ms,
            surface=scores.surface,
            cause=scores.cause,
            policy=scores.policy,
            policy_version=scores.policy_version,
            candidates=len(made.decided.considered.handles),
            slots=explain(made.decided, made.version, state.plays, self.views.table),
            reason=scores.reason,
        )

    def listener(self, listener_id: str, state: Listener) -> ListenerPage:
        """Return what is known of one listener."""
        made = self._newest.get(listener_id)
        return ListenerPage(
            listener_id=listener_id,
            newest_ms=state.newest_ms,
            plays=len(state.plays),
            pending=sum(decision.kind == "recommended" for decision in state.pending),
            heard=tuple(self._heard(state.plays[: -HEARD_SHOWN - 1 : -1])),
            features=() if made is None else tuple(_features(made.decided)),
            scores=None if made is None else self._explained(made, state),
            decisions=tuple(islice(self._made_for(listener_id), DECISIONS_SHOWN)),
        )

    def _made_for(self, listener_id: str) -> Iterator[Made]:
        for made in reversed(self._decisions.values()):
            scores = made.decided.scores
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

    def track(self, track_id: str, now_ms: int) -> TrackPage | None:
        """Return a track and what has been counted of it, None if nobody has heard of it."""
        table = self.views.table
        if track_id not in table:
            return None
        handle = table.handle(track_id)
        row, clock = table.tracks[handle], table.clock[0]
        half_lives = now_ms / clock["popularity_half_life_ms"] - clock["popularity_landmark"]
        scale = exp2(-half_lives) if clock["popularity_landmark"] >= 0 else 0.0
        first, place = int(row["first_heard_ms"]), int(row["popular_place"])
        return TrackPage(
            track=table.titles.get(handle) or Track(track_id),
            plays=float(row["plays"]) * scale,
            exposures=float(row["exposures"]) * scale,
            skip_share=float(row["skips"] / row["judged"]) if row["judged"] > 0 else None,
            residual=float(row["residual"] / row["exposures"]) if row["exposures"] > 0 else None,
            first_heard_ms=first if first >= 0 else None,
            popular_place=place + 1 if place >= 0 else None,
            followers=tuple(_followers(table, handle)),
        )

    def search(self, query: str, limit: int) -> list[Track]:
        """Return tracks whose title, artist, genre or id holds every word, the most played first."""
        table, words = self.views.table, query.casefold().split()
        if len(self._searched) != len(table.titles):
            self._searched = [(_text(track), handle) for handle, track in table.titles.items()]
        found = [handle for text, handle in self._searched if all(word in text for word in words)]
        found = [handle for handle in found if table.tracks["playable"][handle]]
        found.sort(key=lambda handle: (-table.tracks["plays"][handle], table.names[handle]))
        return [table.titles[handle] for handle in found[:limit]]

    def policy(self) -> PolicyPage:
        """Return the policy and the version that decides."""
        version = self.views.version
        contexts = [made.decided.considered.context for made in self._newest.values()]
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


def _features(decided: Decided) -> Iterable[Feature]:
    for (name, module), value in zip(CONTEXT.items(), decided.considered.context.tolist(), strict=True):
        yield Feature(name, value, module.UNIT)


def _followers(table: TrackTable, handle: int) -> Iterable[Follower]:
    listed = table.followers[handle]
    listed = listed[listed["track"] >= 0]
    total = float(table.tracks[handle]["follow_near"])
    near = listed[np.argsort(-listed["near"], kind="stable")][:FOLLOWERS_SHOWN]
    for track, weight in zip(near["track"].tolist(), near["near"].tolist(), strict=True):
        if weight > 0 and table.names[track]:
            yield Follower(table.names[track], title_of(table, track), weight / total)


def _text(track: Track) -> str:
    return " ".join((track.title, track.artist, *track.genres, track.track_id)).casefold()
