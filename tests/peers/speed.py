"""Speed: what a decision and learning from it cost, at 10, 100 and 1,000 candidates.

Ours, Vowpal Wabbit (its examples parsed beforehand), bayesianbandits and coba score candidates by columns
shared over all: context (21) ⊗ columns (17). The others know no columns: they keep a ridge regression on
the context for each candidate, which is less work and learns nothing across candidates.
"""

from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from bandits.inverse_gap import InverseGap
from bandits.lin_ucb import LinUcb
from tests.peers import others
from tests.peers.ours import OurShared
from tests.peers.streams import Round, Stream

DEPTH, WIDTH = 21, 17
COUNTS = (10, 100, 1_000)
VERSION_ROWS = 4_000  # ours makes a version after so many rows; its cost is shared among them
SECONDS = 4.0  # of CPU time for each figure, at most
WARM, LEAST = 30, 10


class Cost(NamedTuple):
    """Microseconds of CPU time."""

    decide: float
    learn: float

    @property
    def both(self) -> float:
        """A decision, and learning from it."""
        return self.decide + self.learn


def stream_of(count: int, *, columns: bool) -> Stream:
    """Forty rounds of ``count`` candidates; whether they have columns, or only a number each."""
    rng = np.random.default_rng(count)
    rounds = []
    for _ in range(40):
        context = np.append(1.0, rng.normal(0, 0.5, DEPTH - 1))
        rows = np.column_stack([np.ones(count), rng.random((count, WIDTH - 1))])
        if not columns:
            rows = np.zeros((count, 0))
        rounds.append(Round(context, rows, np.arange(count), (rng.random(count) < 0.3).astype(float)))
    return Stream(f"{count} candidates", count, rounds)


def cost_of(player: Any, stream: Stream) -> Cost:
    """Return the medians over rounds, after a few to warm up."""
    decide, learn, spent, k = [], [], 0.0, 0
    player.learn(stream.rounds[0], player.decide(stream.rounds[0]), 0.0)  # compiles, or loads what is
    while k < WARM + LEAST or (spent < SECONDS and k < 2_000):
        asked = stream.rounds[k % len(stream.rounds)]
        begun = process_time()
        place = player.decide(asked)
        decided = process_time()
        player.learn(asked, place, float(asked.rewards[place]))
        learned = process_time()
        if k >= WARM:
            decide.append(decided - begun)
            learn.append(learned - decided)
        spent += learned - begun
        k += 1
        if k == WARM and spent > SECONDS:  # too slow to wait for more than a few
            break
    if not decide:
        return Cost(1e6 * spent / k, 0.0)
    return Cost(1e6 * median(decide), 1e6 * median(learn))


class Parsed(others.VowpalWabbit):
    """Vowpal Wabbit whose examples were parsed beforehand."""

    def __init__(self, stream: Stream, seed: int, options: str) -> None:
        super().__init__(stream, seed, options)
        self.questions = {id(asked): self.vw.parse(self.text(asked)) for asked in stream.rounds}
        self.share = 0.5
        self.told = {id(asked): self.vw.parse(self.text(asked, 0, 1.0)) for asked in stream.rounds}

    def decide(self, asked: Round) -> int:
        shares = self.vw.predict(self.questions[id(asked)])
        return int(np.argmax(shares))

    def learn(self, asked: Round, place: int, reward: float) -> None:
        self.vw.learn(self.told[id(asked)])


def ours(stream: Stream, policy: Any) -> Cost:
    """Return our cost: the fold, and a share of the version that is made every so many rows."""
    player = OurShared(stream, policy, 1, rows_max=10**9)
    for asked in stream.rounds:
        player.learn(asked, 0, 1.0)
    begun = process_time()
    player.version = player._version()
    version = 1e6 * (process_time() - begun) / VERSION_ROWS
    player.since = -(10**9)
    cost = cost_of(player, stream)
    return Cost(cost.decide, cost.learn + version)


Contestant = Callable[[int], Cost]
CONTESTANTS: dict[str, Contestant] = {
    "segue, inverse gap": lambda n: ours(stream_of(n, columns=True), InverseGap()),
    "segue, LinUCB": lambda n: ours(stream_of(n, columns=True), LinUcb()),
    "vowpalwabbit, parsed, squarecb": lambda n: _cost(Parsed, n, True, options="--squarecb --cb_type mtr"),
    "vowpalwabbit, parsed, regcb": lambda n: _cost(Parsed, n, True, options="--regcbopt --cb_type mtr"),
    "bayesianbandits, Thompson": lambda n: _cost(others.BayesianBandits, n, True),
    "coba, LinUCB": lambda n: _cost(others.Coba, n, True, alpha=0.25),
    "mabwiser, LinUCB": lambda n: _cost(others.MabWiser, n, False, policy="LinUCB", alpha=0.25),
    "contextualbandits, LinUCB": lambda n: _cost(others.ContextualBandits, n, False, policy="LinUCB"),
    "river, LinUCBDisjoint": lambda n: _cost(others.River, n, False),
}


def _cost(kind: Any, count: int, columns: bool, **settings: Any) -> Cost:
    stream = stream_of(count, columns=columns)
    return cost_of(kind(stream=stream, seed=1, **settings), stream)


def main() -> dict[str, list[Cost]]:
    """Print the table, and return it."""
    found: dict[str, list[Cost]] = {}
    for name, contestant in CONTESTANTS.items():
        found[name] = [contestant(count) for count in COUNTS]
        figures = "  ".join(f"{cost.decide:10,.0f} + {cost.learn:8,.0f}" for cost in found[name])
        print(f"{name:32} {figures}", flush=True)
    return found


if __name__ == "__main__":
    main()
