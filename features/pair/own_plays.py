"""Own plays: how often this listener has played this track."""

import numpy as np

from numeric.jit import kernel

UNIT = "fraction"


@kernel
def value(
    track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray
) -> float:
    """Return n / (n + 4) of own kept plays n: 0 if never, a half at four."""
    plays = own[track].plays
    return plays / (plays + 4.0)
