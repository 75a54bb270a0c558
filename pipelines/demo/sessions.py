"""When listeners come: at most one session in each quarter of a day, apart by more than a session gap."""

import numpy as np

from numeric.arrays import Indices
from numeric.dice import uniform
from numeric.jit import kernel
from pipelines.demo.luck import GOES_ON, OPENING, OPENS, session_key
from pipelines.demo.truth import Truth

QUARTER_MS = 6 * 3_600_000
LEFT_MS = QUARTER_MS - 31 * 60_000 - 400_000  # no play begins later in a quarter
TURNS_MAX = 25  # of one session


@kernel
def session_opening(key: np.uint64) -> tuple[int, int]:
    """Return how far into its quarter of a day a session opens, in ms, and how many turns it has at most."""
    turns = 3
    while turns < TURNS_MAX and uniform(key, GOES_ON + turns) < 0.88:
        turns += 1
    return int(uniform(key, OPENING) * 7_200_000.0), turns


@kernel
def openings(truth: Truth, session: int) -> Indices:
    """Return who opens the app in a quarter of a day, counted from the start; most do so in the evening."""
    quarter = session % 4
    appetite = 0.3 if quarter == 0 else (0.9 if quarter == 1 else (1.2 if quarter == 2 else 1.6))
    found = np.empty(truth.join_ms.size, np.int64)
    n = 0
    for listener in range(truth.join_ms.size):
        if truth.start_ms + session * QUARTER_MS >= truth.join_ms[listener]:
            chance = appetite * truth.activity[listener]
            if uniform(session_key(truth.seed, listener, session), OPENS) < chance:
                found[n] = listener
                n += 1
    return found[:n]
