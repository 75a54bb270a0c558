"""Memory: what a player keeps when it has learned, at 100 candidates.

One player is made and thrown away, so that libraries are loaded and kernels compiled; then ten are made
and kept, and the process has grown by so much. Each library has a process of its own: what one has
given back would be there for the next to take.
"""

import gc
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bandits.lin_ucb import LinUcb
from tests.peers import others
from tests.peers.ours import OurShared
from tests.peers.speed import stream_of

COUNT, PLAYERS, ROUNDS = 100, 10, 40
KEEPERS: dict[str, tuple[Callable[..., Any], bool, dict[str, Any]]] = {
    "segue": (OurShared, True, {"policy": LinUcb()}),
    "vowpalwabbit": (others.VowpalWabbit, True, {"options": "--regcbopt --cb_type mtr"}),
    "mabwiser": (others.MabWiser, False, {"policy": "LinUCB", "alpha": 0.25}),
    "contextualbandits": (others.ContextualBandits, False, {"policy": "LinUCB"}),
    "river": (others.River, False, {}),
    "bayesianbandits": (others.BayesianBandits, True, {}),
    "coba": (others.Coba, True, {"alpha": 0.25}),
}


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def kept_by(library: str) -> float:
    """Return how many MB a player of this library takes."""
    kind, columns, settings = KEEPERS[library]
    stream = stream_of(COUNT, columns=columns)

    def learned(seed: int) -> Any:
        player = kind(stream=stream, seed=seed, **settings)
        for asked in stream.rounds[:ROUNDS]:
            player.learn(asked, player.decide(asked), 0.5)
        return player

    learned(1)
    gc.collect()
    before = resident()
    players = [learned(seed) for seed in range(2, PLAYERS + 2)]
    gc.collect()
    grown = resident() - before
    return max(grown, 0) / len(players) / 1e6


def main() -> dict[str, float]:
    """Print what each keeps, and return it."""
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool:
        found = dict(zip(KEEPERS, pool.map(kept_by, KEEPERS), strict=True))
    for library, size in found.items():
        print(f"{library:20} {size:8.2f} MB", flush=True)
    return found
