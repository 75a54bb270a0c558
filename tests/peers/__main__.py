"""Peers: bandit libraries beside ours on the same streams; ``make bench-bandits`` writes docs/peers.md.

A library that may choose among several ways of playing does so by two tuning seeds, then plays five others.
``python -m tests.peers digits speed`` does some parts. What is found is kept in build/peers and not done
again; the page is written of the streams that all have played.
"""

import json
import platform
import sys
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np

from tests.bench.decide_beside_vw import processor
from tests.peers import memory, report, speed
from tests.peers.players import WAYS, Player, Way, ways_of
from tests.peers.streams import STREAMS, Stream

SEEDS, TUNING_SEEDS = (1, 2, 3, 4, 5), (100, 101)
LATE = 0.8
FOUND = Path("build/peers")


class Played(NamedTuple):
    """One library on one stream."""

    way: str
    mean: float  # over the seeds
    late: float  # of the last fifth
    noise: float  # standard error of ``mean``
    microseconds: float  # of CPU time a round
    curve: list[float]  # mean reward so far, at fifty places


def play(stream: Stream, player: Player) -> tuple[Any, float]:
    """Return the rewards of all rounds, and the CPU seconds that the player took."""
    rewards, seconds = np.empty(len(stream.rounds)), 0.0
    for at, asked in enumerate(stream.rounds):
        before = process_time()
        place = player.decide(asked)
        reward = float(asked.rewards[place])
        player.learn(asked, place, reward)
        seconds += process_time() - before
        rewards[at] = reward
    return rewards, seconds


def played(library: str, name: str) -> Played | None:
    """Let a library choose its way, then play all seeds; None if it cannot play this stream."""
    tuning = {seed: STREAMS[name](seed) for seed in TUNING_SEEDS}
    ways = ways_of(library, tuning[TUNING_SEEDS[0]])
    if not ways:
        return None

    def tuned(way: Way) -> float:
        return sum(float(play(stream, way[1](stream, seed))[0].mean()) for seed, stream in tuning.items())

    best = ways[0] if len(ways) == 1 else max(ways, key=tuned)
    means, lates, curves, seconds, rounds = [], [], [], 0.0, 0
    for seed in SEEDS:
        stream = STREAMS[name](seed)
        rewards, took = play(stream, best[1](stream, seed))
        means.append(rewards.mean())
        lates.append(rewards[int(LATE * len(rewards)) :].mean())
        so_far = rewards.cumsum() / np.arange(1, len(rewards) + 1)
        curves.append(so_far[np.linspace(0, len(rewards) - 1, 51).astype(int)[1:]])
        seconds, rounds = seconds + took, rounds + len(rewards)
    return Played(
        best[0],
        float(np.mean(means)),
        float(np.mean(lates)),
        float(np.std(means, ddof=1) / np.sqrt(len(SEEDS))),
        1e6 * seconds / rounds,
        np.mean(curves, axis=0).round(4).tolist(),
    )


def main(parts: list[str]) -> None:
    """Do the parts asked for, or all; print as results come, and write the page when all are there."""
    warnings.simplefilter("ignore")
    known = (*STREAMS, "memory", "speed")
    unknown = set(parts) - set(known)
    if unknown:
        sys.exit(f"no part is called {', '.join(unknown)}, expected some of {', '.join(known)}")
    FOUND.mkdir(parents=True, exist_ok=True)
    for name in parts or known:
        if name in {"memory", "speed"}:
            kept(name, {"memory": memory.main, "speed": speed.main}[name])
            continue
        for library in WAYS:
            kept(f"{name}.{library}", partial(shown, name, library))
    found = {path.stem: json.loads(path.read_text()) for path in FOUND.glob("*.json")}
    played_by_all = [name for name in STREAMS if all(f"{name}.{library}" in found for library in WAYS)]
    if {"speed", "memory"} <= found.keys() and played_by_all:
        where = f"{processor()}, one thread; Python {platform.python_version()}, {versions()}"
        streams = {name: {library: found[f"{name}.{library}"] for library in WAYS} for name in played_by_all}
        report.write(streams, found["speed"], found["memory"], where)


def kept(name: str, find: Callable[[], Any]) -> None:
    """Find something out, unless it was found before."""
    path = FOUND / f"{name}.json"
    if not path.exists():
        path.write_text(json.dumps(find()))


def shown(name: str, library: str) -> dict[str, Any] | None:
    """Let a library play a stream, and print how it went; None if it cannot."""
    result = played(library, name)
    if result is None:
        return None
    print(
        f"{name:12} {library:18} {result.mean:.3f} ± {result.noise:.3f}  last fifth {result.late:.3f}  "
        f"{result.microseconds:8,.0f} µs  {result.way}",
        flush=True,
    )
    return result._asdict()


def versions() -> str:
    """Return what took part."""
    return ", ".join(f"{library} {version(library)}" for library in WAYS if library != "segue")


if __name__ == "__main__":
    main(sys.argv[1:])
