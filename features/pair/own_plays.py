"""Own plays: how often this listener has played this track."""

import numpy as np

from numeric.exact import log
from numeric.jit import kernel

UNIT = "log plays"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return log(1 + own kept plays) / 5."""
    return log(1.0 + own[track].plays) / 5.0
