"""Own share: how much of what this listener plays is this track."""

import numpy as np

from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return the track's share of the kept plays."""
    return own[track].plays / max(now.plays, 1.0)
