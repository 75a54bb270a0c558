"""Own skips: how much of this listener's plays of this track were skipped."""

import numpy as np

from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return own skips over own plays of it, with one play's worth of prior at 0."""
    return own[track].skips / (own[track].plays + 1.0)
