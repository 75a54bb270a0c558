"""Watching: the engine in the demo's world, and what every candidate of its decisions would have earned."""

from typing import NamedTuple

from numeric.arrays import Floats, Singles
from pipelines.demo.advisor import Advice, EngineAdvisor
from pipelines.demo.life import Life, Turn
from pipelines.demo.world import World
from pipelines.settings import Settings


class Seen(NamedTuple):
    """One decision: context, columns (m, P), and each candidate's true expected reward (m,)."""

    context: Singles
    columns: Singles
    expected: Floats


class Watching(EngineAdvisor):
    """Writes down what was considered at every turn at which advice was wanted."""

    def __init__(self, world: World, settings: Settings, life: Life) -> None:
        super().__init__(world, settings)
        self.seen: list[Seen] = []
        self._life = life

    def advise(self, turn: Turn) -> Advice:
        advice = super().advise(turn)
        considered = self.newest[turn.listener_id].considered
        if not turn.picks_own and len(considered.handles):
            names = [self.engine.views.table.names[handle] for handle in considered.handles.tolist()]
            expected = self._life.expected_reward(turn, names)
            self.seen.append(Seen(considered.context.copy(), considered.columns.copy(), expected))
        return advice
