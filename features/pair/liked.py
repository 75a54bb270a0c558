"""Liked: the listener's own verdict on this track."""

import numpy as np

from numeric.jit import kernel

UNIT = "sign"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return 1 if liked, −1 if disliked, 0 if unsaid."""
    return own[track].liked
