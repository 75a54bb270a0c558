"""Skip rate: how much everybody skips this track."""

import numpy as np

from features.listener.skip_rate import rate
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return the smoothed share of its judged plays that were skipped, decayed."""
    row = tracks[track]
    return rate(row.skips * now.popularity_scale, row.judged * now.popularity_scale)
