"""In session: whether this session has played this track already."""

import numpy as np

from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return 1 if it has, else 0."""
    return float(own[track].session)
