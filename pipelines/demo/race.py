"""Race: the default policy against uniform, popular and the best possible choice, in one world."""

from collections.abc import Collection, Iterator

from msgspec import Struct

from pipelines.demo.advisor import Advisor, BestAdvisor, EngineAdvisor, PopularAdvisor
from pipelines.demo.contestant import Contestant
from pipelines.demo.settings import DAY_MS
from pipelines.demo.story import Story
from pipelines.demo.tally import Tally
from pipelines.demo.world import World
from pipelines.settings import Policy, Settings

SEGUE, UNIFORM, POPULAR, BEST = NAMES = ("segue", "uniform", "popular", "best possible")
SPANS_A_DAY = 4


class Result(Struct, frozen=True):
    """What one contestant has come to."""

    name: str
    mean: float  # reward of a piece of advice, over all the time
    late: float  # the same over the last fifth of the time
    of_best: float  # ``late`` as a share of the best possible's
    regret: float  # reward earned less than the best possible, in all
    new_artists: float  # share of looked-at slots that held artists first heard of during the run


class Race:
    """Contestants that walk the same world side by side, a quarter of a day at a time.

    Each has its own life, and the two that run the engine their own engine: nobody learns from another.
    """

    def __init__(self, world: World, settings: Settings, only: Collection[str] = NAMES) -> None:
        self.world = world
        shown = settings.slates.model_copy(update={"examination": "shown"})  # the demo's client says it
        self._settings = settings.model_copy(update={"slates": shown})
        self.story = Story(world)
        self.engine = EngineAdvisor(world, self._settings, self.story)
        new_artists = frozenset(world.new_artists())
        self._new_tracks = frozenset(t.track_id for t in world.catalogue() if t.artist_id in new_artists)
        self.contestants = [self._contestant(name) for name in NAMES if name in only]
        self.spans = world.settings.days * SPANS_A_DAY
        self.walked_ms = world.start_ms  # up to when all have walked

    def _contestant(self, name: str) -> Contestant:
        world, settings = self.world, self._settings
        life = world.begin(settings.rewards.worth)
        advisor: Advisor
        if name == SEGUE:
            advisor = self.engine
        elif name == UNIFORM:
            advisor = EngineAdvisor(world, settings.model_copy(update={"policy": Policy(name="uniform")}))
        elif name == POPULAR:
            advisor = PopularAdvisor()
        else:
            advisor = BestAdvisor(life)
        spans = world.settings.days * SPANS_A_DAY
        return Contestant(name, life, advisor, Tally(world.start_ms, world.end_ms, spans, self._new_tracks))

    @property
    def plays(self) -> int:
        """Plays of all contestants so far."""
        return sum(contestant.plays for contestant in self.contestants)

    @property
    def span(self) -> int:
        """Whole spans of time that all have walked."""
        return (self.walked_ms - self.world.start_ms) * SPANS_A_DAY // DAY_MS

    @property
    def day(self) -> float:
        """Days that all have walked."""
        return (self.walked_ms - self.world.start_ms) / DAY_MS

    def run(self) -> Iterator[int]:
        """Walk to the world's end; yield the number of plays after each."""
        while self.walked_ms < self.world.end_ms:
            yield from self.walk(self.walked_ms + DAY_MS // SPANS_A_DAY)

    def walk(self, until_ms: int) -> Iterator[int]:
        """Walk a part of the way; how it is parted changes nobody's figures."""
        for contestant in self.contestants:
            for _ in contestant.walk(until_ms):
                yield self.plays
        self.walked_ms = until_ms

    def results(self) -> list[Result]:
        """Return what each has come to so far, in the contestants' order."""
        best = self.contestants[-1].tally
        since = 0.8 * self.span / self.spans
        return [
            Result(
                name=contestant.name,
                mean=contestant.tally.mean(),
                late=contestant.tally.mean(since),
                of_best=contestant.tally.mean(since) / max(best.mean(since), 1e-9),
                regret=contestant.tally.turns * (best.mean() - contestant.tally.mean()),
                new_artists=contestant.tally.new_share(),
            )
            for contestant in self.contestants
        ]
