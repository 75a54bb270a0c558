"""Policies: which one earns most in the demo's world, beside uniform, popular and the best possible.

``python -m tests.bench.policies [LOG]`` prints the table of docs/policies.md; with a log also how well
each foretells its plays, by score and by the slate as drawn. About twenty minutes on one core.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from pipelines.decide import Question, decide
from pipelines.demo.advisor import EngineAdvisor
from pipelines.demo.race import BEST, POPULAR, SEGUE, Race
from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.replay.driver import Replay
from pipelines.replay.evaluation_start import evaluation_start
from pipelines.replay.options import Options
from pipelines.settings import Settings, load_settings

SEEDS = (1, 2, 3)
DAYS, LISTENERS = 10, 200
LOG_PLAYS = 20_000

POLICIES: tuple[dict[str, Any], ...] = (
    {"name": "uniform"},
    *({"name": "softmax", "temperature": t, "floor": 0.01} for t in (0.003, 0.01, 0.02, 0.03, 0.05)),
    *({"name": "inverse_gap", "gamma": g, "floor": 0.01} for g in (200, 2_000, 20_000, 100_000)),
    *({"name": "epsilon_greedy", "epsilon": e} for e in (0.01, 0.02, 0.05, 0.1)),
    *({"name": "lin_ucb", "alpha": a, "floor": 0.01} for a in (0.1, 0.3, 0.6)),
    *({"name": "thompson", "spread": s, "floor": 0.01} for s in (0.1, 0.2, 0.4)),
)


def with_policy(policy: dict[str, Any]) -> Settings:
    """Return the default settings with this policy."""
    return load_settings(policy=policy)


def microseconds_per_decide(advisor: EngineAdvisor, settings: Settings) -> float:
    """Return the least mean over several passes: other work on the machine only adds to it."""
    engine = advisor.engine
    found = [(who, engine.listeners.get(who)) for who in sorted(advisor.newest)]
    states = [(who, state) for who, state in found if state is not None and len(state.plays) > 20][:200]
    passes = []
    for _ in range(7):
        before = process_time()
        for who, state in states:
            question = Question(who, "bench", state.newest_ms + 1_000, "now_playing", settings.slates.limit)
            decide(question, state.play_bytes, engine.views, settings)
        passes.append((process_time() - before) / len(states))
    return 1e6 * min(passes)


def earned(worlds: Iterable[World], policy: dict[str, Any]) -> list[float]:
    """Return mean reward, that of the last fifth, its standard error, exposure of new artists, µs."""
    settings, rows = with_policy(policy), []
    for world in worlds:
        race = Race(world, settings, only=(SEGUE,))
        for _ in race.run():
            pass
        tally, cost = race.contestants[0].tally, microseconds_per_decide(race.engine, settings)
        rows.append((tally.mean(), tally.mean(0.8), tally.new_share(0.5), cost))
    means = np.array(rows).mean(axis=0).tolist()
    return [*means[:2], standard_error([row[1] for row in rows]), *means[2:]]


def standard_error(values: list[float]) -> float:
    """Return how far the mean of so few may be from that of many."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values)))


def foretold(log: str, policy: dict[str, Any]) -> list[float]:
    """Return HR@10 by score and as drawn on the last 30 % of a log, and the mean reward of a decision."""
    options = Options(log=log, evaluate_from=evaluation_start("0.7"), limit=LOG_PLAYS)
    summary = Replay(options, with_policy(policy)).run(lambda plays, total: None)
    quality = summary["quality"]
    return [quality["segue"]["hr@10"], quality["slate"]["hr@10"], summary["mean_reward"]]


def named(policy: dict[str, Any]) -> str:
    """Return a policy as one cell: its name and its fields."""
    fields = ", ".join(f"{name} {value}" for name, value in policy.items() if name != "name")
    return f"{policy['name']}{' ' if fields else ''}{fields}"


def main(log: str | None) -> None:
    """Print the table, a row as soon as it is known."""
    worlds = [World(WorldSettings(seed=seed, days=DAYS, listeners=LISTENERS)) for seed in SEEDS]
    names = ["policy", "overall", "last fifth", "±", "new artists", "µs a decision"]
    names += ["HR@10 by score", "as drawn", "reward"]
    print(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for name in (POPULAR, BEST):
        tallies = []
        for world in worlds:
            race = Race(world, load_settings(), only=(name,))
            for _ in race.run():
                pass
            tallies.append(race.contestants[0].tally)
        late, error = [tally.mean(0.8) for tally in tallies], standard_error([t.mean(0.8) for t in tallies])
        overall, new = np.mean([(t.mean(), t.new_share(0.5)) for t in tallies], axis=0).tolist()
        print(
            f"| {name} | {overall:.3f} | {np.mean(late):.3f} | {error:.3f} | {new:.1%} | | | | |", flush=True
        )
    for policy in POLICIES:
        overall, mean, spread, new, cost = earned(worlds, policy)
        row = f"| {named(policy)} | {overall:.3f} | {mean:.3f} | {spread:.3f} | {new:.1%} | {cost:.0f} |"
        if log is not None:
            score, drawn, reward = foretold(log, policy)
            row += f" {score:.3f} | {drawn:.3f} | {reward:.3f} |"
        print(row, flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 and Path(sys.argv[1]).exists() else None)
