"""Story: one listener's last plays, what comes next for them, and why."""

from collections import deque

from msgspec import Struct

from bandits.version import Version
from features.track.table import TrackTable
from pipelines.decide import Decided
from pipelines.demo.life import Answer
from pipelines.demo.world import World
from pipelines.listener import Plays
from pipelines.why import Slot, explain
from topics.play import Play


class Heard(Struct, frozen=True):
    """One play of the listener."""

    track_id: str
    share: float  # of the track that was heard
    advised: bool  # taken from a slate


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
        self._decided: tuple[Decided, Version, Plays] | None = None

    def hear(self, play: Play, answer: Answer) -> None:
        """Note a play of theirs that has ended."""
        share = answer.heard_ms / answer.length_ms
        self.heard.append(Heard(play.track_id, share, play.decision_id is not None))

    def decide(self, decided: Decided, version: Version, plays: Plays) -> None:
        """Note what comes next, the version that decided, and what was heard by then."""
        self._decided = (decided, version, plays)

    def next_tracks(self, table: TrackTable, slots: int = 3) -> list[Slot]:
        """Return the first slots of their newest slate, each with every term of its linear predictor."""
        return [] if self._decided is None else list(explain(*self._decided, table)[:slots])
