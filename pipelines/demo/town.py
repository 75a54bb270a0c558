"""Town: the race walked at a pace, in which whoever looks at the page is one more listener.

Everything runs on one event loop: the world is walked in slices of a few milliseconds with rests
between them, so a click never waits for longer than a slice, and no state is shared between threads.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Iterator
from time import perf_counter

from bandits.version import Version
from numeric.arrays import Floats
from pipelines.demo.advisor import EngineAdvisor
from pipelines.demo.race import SEGUE, SPANS_A_DAY, Race
from pipelines.demo.settings import DAY_MS
from pipelines.listener import Listener
from pipelines.metrics import Figure, Metrics, outcome_of
from pipelines.page.desk import Desk
from pipelines.page.hub import Hub
from pipelines.page.port import Bucket, Note, Overview
from pipelines.serve import Transition
from pipelines.settings import Settings
from pipelines.views import Views
from topics.codec import encode
from topics.dead_letter import Rejected
from topics.play import Play
from topics.request import Request

log = logging.getLogger(__name__)

HOUR_MS = 3_600_000
PACE_MS_PER_S = HOUR_MS  # of the world, a second
HEAD_START_MS = 2 * DAY_MS  # walked as fast as it goes, so that there is something to see
STEP_MS = 300_000  # all contestants walk so far before the next step
SLICE_S, REST_S = 0.003, 0.003
ASIDE_S, REST_ASIDE_S = 0.2, 0.03  # so long after a record from outside the town steps aside: longer rests
OVERVIEW_S = 1.0
AHEAD_MS = 25 * HOUR_MS  # how far a record may be ahead of the town: who looks on may change the hour
ACTIVE_SHOWN = 12
NOTES_MAX = 50


class Town:
    """One engine, its race, and its desk; a `pipelines.page.port.Port`."""

    def __init__(self, race: Race, settings: Settings, run_id: str) -> None:
        self.race = race
        self.settings = settings
        self.metrics = Metrics()
        self.advisor: EngineAdvisor = race.engine
        self.advisor.observer = self
        self.metrics.read_from(self._figures)
        self.hub = Hub(run_id, on_missed=self.metrics.missed.inc)
        self.desk = Desk(self.advisor.engine.views, self.metrics, self.hub, DAY_MS // SPANS_A_DAY)
        self.dead_letters: Counter[str] = Counter()
        share = race.world.settings.switch_share
        self._notes = deque(
            [Note(race.world.switch_ms, f"{share:.0%} of the town change their taste")], NOTES_MAX
        )
        self._drifts = 0
        self._stopped: str | None = None
        self._visited_s = 0.0  # when a record last came from outside
        self._plays: deque[tuple[float, int]] = deque(maxlen=5)  # (s, plays): a few seconds

    @property
    def views(self) -> Views:
        """What is known of tracks, and the version that decides."""
        return self.advisor.engine.views

    @property
    def now_ms(self) -> int:
        """How far the town has come."""
        return self.race.walked_ms

    @property
    def trouble(self) -> str | None:
        """Why records cannot be served, None where they can."""
        return self._stopped

    def took(self, record: Play | Request, done: Transition, version: Version, seconds: float) -> None:
        """Note what the engine made of a record, from the town or from outside."""
        kind = "play" if isinstance(record, Play) else "request"
        self.desk.observe(kind, done, version, seconds)

    def _figures(self) -> Iterator[Figure]:
        worse = "Changes for the worse that the learner has found"
        yield Figure("segue_drifts", worse, {}, self.advisor.engine.learner.drifts, counts=True)

    def _look_for_drift(self) -> None:
        found = self.advisor.engine.learner.drifts
        if found > self._drifts:
            self._drifts = found
            self._notes.append(Note(self.now_ms, "the learner finds a drift", "drift"))

    def fired(self, done: Transition) -> None:
        """Note what timers have emitted."""
        self.desk.fired(done)

    async def take(self, record: Play | Request) -> str:
        """Serve a record from outside the town; it may be a day ahead of it."""
        starts_ms = record.started_ms if isinstance(record, Play) else record.at_ms
        self._visited_s = perf_counter()
        try:
            if starts_ms > self.now_ms + AHEAD_MS:
                field = "started_ms" if isinstance(record, Play) else "at_ms"
                latest_ms = self.now_ms + AHEAD_MS
                raise Rejected("future", f"{field} is {starts_ms}, expected at most {latest_ms}", field)
            return outcome_of(self.advisor.take(record))
        except Rejected as rejected:
            self.dead_letters[rejected.reason] += 1
            raise

    async def listener(self, listener_id: str) -> Listener | None:
        """Return a listener's state."""
        return self.advisor.engine.listeners.get(listener_id)

    async def run(self) -> None:
        """Walk to the world's end, at a pace; what goes wrong is logged, and makes the town not ready."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._tell())
                await self._walk(self.race.world.start_ms + HEAD_START_MS)
                await self._stroll()
        except* Exception as errors:
            error = errors.exceptions[0]
            self._stopped = f"the town has stopped with {type(error).__name__}: {error}"
            log.exception("the town has stopped")

    async def _stroll(self) -> None:
        """Walk no faster than the pace; time that was lost to a busy machine is not made up for."""
        clock = asyncio.get_running_loop().time
        before_s = clock()
        while self.race.walked_ms < self.race.world.end_ms:
            await asyncio.sleep(STEP_MS / PACE_MS_PER_S)
            passed_s, before_s = min(clock() - before_s, 0.5), clock()
            await self._walk(self.race.walked_ms + int(passed_s * PACE_MS_PER_S))

    async def _walk(self, until_ms: int) -> None:
        until_ms = min(until_ms, self.race.world.end_ms)
        slice_s = perf_counter()
        while self.race.walked_ms < until_ms:
            for _ in self.race.walk(min(self.race.walked_ms + STEP_MS, until_ms)):
                if perf_counter() - slice_s > SLICE_S:
                    await asyncio.sleep(REST_ASIDE_S if slice_s - self._visited_s < ASIDE_S else REST_S)
                    slice_s = perf_counter()

    async def _tell(self) -> None:
        """Publish how it goes, once a second, for as long as anybody serves."""
        while True:
            self._plays.append((perf_counter(), self.advisor.engine.plays))
            self._look_for_drift()
            self.metrics.listeners.set(self.advisor.engine.met)
            self.metrics.tracks.set(len(self.views.table.titles))
            if self.hub.streams:
                self.hub.publish("overview", encode(self.overview()))
            await asyncio.sleep(OVERVIEW_S)

    def overview(self) -> Overview:
        """Return how the town is doing."""
        race, engine, world = self.race, self.advisor.engine, self.race.world
        tallies = {contestant.name: contestant.tally for contestant in race.contestants}
        return Overview(
            now_ms=self.now_ms,
            ahead_ms=AHEAD_MS,
            start_ms=world.start_ms,
            span_ms=DAY_MS // SPANS_A_DAY,
            spans=race.spans,
            window_ms=DAY_MS,
            plays=engine.plays,
            plays_per_s=self._rate(),
            listeners=engine.met,
            tracks=len(self.views.table.titles),
            policy=self.views.policy_name,
            version=self.views.version.name,
            rows=self.views.version.rows,
            rewards={name: _rounded(tally.curve(SPANS_A_DAY)) for name, tally in tallies.items()},
            new_artists={SEGUE: _rounded(tallies[SEGUE].new_curve(SPANS_A_DAY))},
            explored=_mean(self.desk.explored),
            surprise=_mean(self.desk.residuals),
            surprises=self.desk.surprises.means(SPANS_A_DAY, world.start_ms),
            drifts=self._drifts,
            latency=[Bucket(most_ms, records) for most_ms, records in self.metrics.latency_ms()],
            dead_letters=dict(self.dead_letters),
            active=self.desk.active(ACTIVE_SHOWN),
            notes=list(self._notes),
        )

    def _rate(self) -> float:
        if len(self._plays) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._plays[0], self._plays[-1]
        return round((last - first) / max(last_s - first_s, 1e-9), 1)


def _rounded(curve: Floats) -> list[float]:
    return [round(value, 4) for value in curve.tolist()]


def _mean(values: deque[bool] | deque[float]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0
