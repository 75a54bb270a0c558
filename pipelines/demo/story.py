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
    "bias": "any track now",
    "follower": "others play it next",
    "followers": "goes with the last few",
    "own_follower": "played next before",
    "own_followers": "part of a run of theirs",
    "own_share": "a large part of their plays",
    "own_plays": "they play it often",
    "own_recency": "played a few plays ago",
    "own_age": "how long ago they heard it",
    "popularity": "popular",
    "freshness": "hardly heard yet",
    "artist_share": "an artist of theirs",
    "artist_session": "this session's artist",
    "same_artist": "the same artist again",
    "in_session": "heard this session",
    "is_newest": "just heard",
    "skip_rate": "how often it is skipped",
    "own_skips": "skipped by them",
    "liked": "their own verdict",
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
    """Follows one listener through the engine's eyes.

    Of those who are there from the start, whose taste will change, and who are easily pleased: the one
    who listens most.
    """

    PLAYS = 5

    def __init__(self, world: World) -> None:
        truth, switchers = world.truth, set(world.switchers())

        def fit(k: int) -> tuple[bool, bool, bool, float]:
            there = bool(truth.join_ms[k] <= world.start_ms)
            return (there, world.listener_ids[k] in switchers, bool(truth.leniency[k] > 0), truth.activity[k])

        self.listener_id = world.listener_ids[max(range(len(world.listener_ids)), key=fit)]
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
