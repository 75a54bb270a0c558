"""Own followers: how often this listener plays this track some steps after the newest ones."""

import numpy as np

from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return its share two or three steps on, or two steps after the second newest track."""
    return own[track].own_far
