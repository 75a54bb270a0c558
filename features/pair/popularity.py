"""Popularity: how much everybody plays this track of late."""

import math

import numpy as np

from numeric.jit import kernel

UNIT = "fourth root of a share"


@kernel
def value(
    track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray
) -> float:
    """Return the fourth root of its decayed plays over the most played track's: 0.1 is one in 10,000."""
    most = now.most_played
    if most <= 0.0:
        return 0.0
    return math.sqrt(math.sqrt(tracks[track].plays / most))
