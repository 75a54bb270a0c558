"""Story: one listener's last plays, what comes next for them, and why."""

from collections import deque

import numpy as np
from msgspec import Struct

from bandits.version import Version
from pipelines.decide import Decided
from pipelines.demo.life import Answer
from pipelines.demo.world import World
from pipelines.views import Views
from topics.play import Play

WORDS: dict[str, str] = {
    "bias": "any track, now",
    "follower": "others play it next",
    "followers": "goes with the last few",
    "own_follower": "played next before",
    "own_followers": "part of a run of theirs",
    "own_share": "a large part of their plays",
    "own_plays": "they play it often",
    "own_recency": "played a few plays ago",
    "own_age": "heard hours ago",
    "popularity": "popular",
    "freshness": "hardly anybody has heard it",
    "artist_share": "an artist of theirs",
    "artist_session": "this session's artist",
    "same_artist": "the same artist again",
    "in_session": "heard this session",
    "is_newest": "just heard",
    "skip_rate": "others skip it",
    "own_skips": "they skipped it",
    "liked": "they liked it",
}
"""What each pair column says of a candidate, in plain words; a column without words goes by its name."""


class Heard(Struct, frozen=True):
    """One play of the listener."""

    track_id: str
    share: float  # of the track that was heard
    advised: bool  # taken from a slate


class Next(Struct, frozen=True):
    """One slot of what comes next."""

    track_id: str
    score: float
    propensity: float
    source: str
    why: tuple[tuple[str, float], ...]  # words and contribution of every term; they sum to the mean


class Story:
    """Follows one listener through the engine's eyes: the most active of those whose taste will change."""

    PLAYS = 5

    def __init__(self, world: World) -> None:
        number = {listener: k for k, listener in enumerate(world.listener_ids)}
        early = [k for k, joined in enumerate(world.truth.join_ms.tolist()) if joined <= world.start_ms]
        switchers = [number[listener] for listener in world.switchers()]
        those = sorted(set(switchers) & set(early)) or early or list(number.values())
        self.listener_id = world.listener_ids[max(those, key=lambda k: (float(world.truth.activity[k]), -k))]
        self.heard: deque[Heard] = deque(maxlen=self.PLAYS)
        self._decided: tuple[Decided, Version] | None = None

    def hear(self, play: Play, answer: Answer) -> None:
        """Note a play of theirs that has ended."""
        share = answer.heard_ms / answer.length_ms
        self.heard.append(Heard(play.track_id, share, play.decision_id is not None))

    def decide(self, decided: Decided, version: Version) -> None:
        """Note what comes next, and the version that decided."""
        self._decided = (decided, version)

    def next_tracks(self, views: Views, slots: int = 3) -> list[Next]:
        """Return the first slots of their newest slate, each with every term of its linear predictor."""
        if self._decided is None:
            return []
        decided, version = self._decided
        considered = decided.considered
        found = []
        for slot in decided.scores.slate[:slots]:
            at = int(np.flatnonzero(considered.handles == views.table.handle(slot.track_id))[0])
            terms = version.contributions(considered.context, considered.columns[at]).tolist()
            words = [WORDS.get(name, name.replace("_", " ")) for name in version.pair_names]
            why = sorted(zip(words, terms, strict=True), key=lambda term: -abs(term[1]))
            found.append(Next(slot.track_id, slot.score, slot.propensity, slot.source, tuple(why)))
        return found
