"""Advisors: who proposes slates to the demo's listeners; the engine is one, the others are its measure."""

from collections import Counter
from time import perf_counter
from typing import Protocol

from msgspec import Struct

from bandits.version import Version
from pipelines.decide import Decided
from pipelines.demo.life import Answer, Life, Turn
from pipelines.demo.story import Story
from pipelines.demo.world import World
from pipelines.replay.engine import Engine
from pipelines.serve import Transition
from pipelines.settings import Settings
from state.memory import MemoryStore
from topics.play import Play
from topics.request import Request


class Advice(Struct, frozen=True):
    """A slate, and the decision it belongs to if it was made by the engine."""

    track_ids: tuple[str, ...]
    decision_id: str | None = None


class Advisor(Protocol):
    """Whoever proposes what to play next."""

    def advise(self, turn: Turn) -> Advice:
        """Return the slate that the listener finds at this turn."""

    def hear(self, play: Play, answer: Answer) -> None:
        """Learn of a play that has ended; plays come in the order of their ends."""


class Observer(Protocol):
    """Whoever looks on while the engine works."""

    def took(self, record: Play | Request, done: Transition, version: Version, seconds: float) -> None:
        """Note a record, what it led to under the version that decided, and how long that took."""

    def fired(self, done: Transition) -> None:
        """Note what timers have emitted."""


class EngineAdvisor:
    """The engine as everybody runs it: the very same steps, over a store in memory.

    A session opens with a request; after that the scores that follow each play are what comes next.
    The catalogue is told of a track when it is released.
    """

    def __init__(self, world: World, settings: Settings, story: Story | None = None) -> None:
        self.engine = Engine(settings, MemoryStore())
        self.newest: dict[str, Decided] = {}  # by listener
        self.observer: Observer | None = None
        self._story = story
        self._released: set[str] = set()
        self._releases = sorted(
            world.catalogue(), key=lambda track: (track.released_ms or 0, track.track_id), reverse=True
        )

    def advise(self, turn: Turn) -> Advice:
        """Return the newest scores for this listener."""
        if turn.opens:
            self._take(Request(f"{turn.name}.asked", turn.listener_id, turn.at_ms))
        scores = self.newest[turn.listener_id].scores
        # Somebody from outside may have played what this world does not have (yet).
        offered = [slot.track_id for slot in scores.slate if slot.track_id in self._released]
        return Advice(tuple(offered), scores.decision_id)

    def hear(self, play: Play, answer: Answer) -> None:
        """Give the engine the record of the play; all else is for the story."""
        if self._story is not None and play.listener_id == self._story.listener_id:
            self._story.hear(play, answer)
        self._take(play)

    def _take(self, record: Play | Request) -> None:
        self._release(record.at_ms)
        for fired in self.engine.fire_due(record.at_ms):
            if self.observer is not None:
                self.observer.fired(fired)
        decided = self.take(record).decided
        if decided is not None:
            self.newest[record.listener_id] = decided

    def _release(self, until_ms: int) -> None:
        while self._releases and (self._releases[-1].released_ms or 0) <= until_ms:
            track = self._releases.pop()
            self.engine.views.table.list_track(track)
            self._released.add(track.track_id)

    def take(self, record: Play | Request) -> Transition:
        """Give the engine one record of anybody; raises what the engine does."""
        started_s = perf_counter()
        version = self.engine.views.version  # learning from this record may make the next one
        done = self.engine.take(record)
        seconds = perf_counter() - started_s
        story = self._story
        if story is not None and story.listener_id == record.listener_id and done.decided is not None:
            assert done.state is not None
            story.decide(done.decided, version, done.state.plays)
        if self.observer is not None:
            self.observer.took(record, done, version, seconds)
        return done


class PopularAdvisor:
    """The most played tracks so far, without those that this session has heard."""

    SLOTS, REFRESH = 10, 200

    def __init__(self) -> None:
        self._plays: Counter[str] = Counter()
        self._chart: list[str] = []
        self._heard: dict[str, set[str]] = {}
        self._count = 0

    def advise(self, turn: Turn) -> Advice:
        """Return the top of the chart."""
        if turn.opens:
            self._heard[turn.listener_id] = set()
        heard = self._heard[turn.listener_id]
        return Advice(tuple([track for track in self._chart if track not in heard][: self.SLOTS]))

    def hear(self, play: Play, answer: Answer) -> None:  # noqa: ARG002
        """Count the play; the chart is made anew every so many plays, ties by the track's id."""
        self._heard[play.listener_id].add(play.track_id)
        self._plays[play.track_id] += 1
        self._count += 1
        if self._count % self.REFRESH == 0 or self._count < self.REFRESH:
            ranked = sorted(self._plays.items(), key=lambda item: (-item[1], item[0]))
            self._chart = [track for track, _ in ranked[: 4 * self.SLOTS]]


class BestAdvisor:
    """Somebody who knows the truth: the tracks that will earn most at this very turn."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def advise(self, turn: Turn) -> Advice:
        """Return the ten best of all released tracks."""
        return Advice(tuple(self._life.best(turn, n=10)))

    def hear(self, play: Play, answer: Answer) -> None:
        """Nothing is left to learn."""
