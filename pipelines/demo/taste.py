"""Taste: what a listener is after in one session, by genres, mood, the hour, and as the days go by."""

import math

import numpy as np

from numeric.arrays import Floats, Indices
from numeric.dice import derive, normal, uniform
from numeric.jit import kernel
from pipelines.demo.luck import MOOD, PERSONAL, listener_key, session_key
from pipelines.demo.music import AXES
from pipelines.demo.sessions import QUARTER_MS
from pipelines.demo.truth import TASTES

KNOT_QUARTERS = 16  # of a day: taste walks from one offset to the next in this time


@kernel
def era_of(switch_ms: int, start_ms: int, session: int) -> int:
    """Return 0 for sessions before the switch, 1 after it."""
    return 1 if start_ms + session * QUARTER_MS >= switch_ms else 0


@kernel
def taste_of(
    seed: np.uint64,
    centres: Floats,
    genres: Indices,
    listener: int,
    session: int,
    weights: Floats,
    taste: Floats,
) -> None:
    """Write what the listener is after in this session: a weight for each genre, and a unit vector.

    ``genres`` (TASTES,): theirs by now. The vector adds to the weighted genres a lasting personal
    offset, and one that walks.
    """
    key = listener_key(seed, listener)
    usual = int(uniform(key, session % 4) * TASTES)
    mood = int(uniform(session_key(seed, listener, session), MOOD) * TASTES)
    for k in range(TASTES):
        weights[k] = 0.2 + (0.6 if k == usual else 0.0) + (0.6 if k == mood else 0.0)
    knot = session // KNOT_QUARTERS
    part = session / KNOT_QUARTERS - knot
    earlier = derive(key, np.uint64(1_000_000 + knot))
    later = derive(key, np.uint64(1_000_001 + knot))
    square = 0.0
    for j in range(AXES):
        taste[j] = 0.12 * normal(key, PERSONAL + j)
        taste[j] += 0.2 * ((1.0 - part) * normal(earlier, j) + part * normal(later, j))
        for k in range(TASTES):
            taste[j] += weights[k] * centres[genres[k], j]
        square += taste[j] * taste[j]
    for j in range(AXES):
        taste[j] /= math.sqrt(square)
