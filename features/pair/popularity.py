"""Popularity: how much everybody plays this track of late."""

import numpy as np

from numeric.exact import log
from numeric.jit import kernel

UNIT = "log share"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return log(1 + 1000 × its decayed plays over the most played track's) / log 1001."""
    most = now.most_played
    if most <= 0.0:
        return 0.0
    return log(1.0 + 1_000.0 * tracks[track].plays / most) / 6.90875477931522
