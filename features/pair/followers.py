"""Followers: how often everybody plays this track within five steps of the newest ones."""

import numpy as np

from numeric.jit import kernel

UNIT = "sum of shares"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return decayed shares over the five newest distinct tracks, the p-th weighing 1/(1 + p)."""
    return own[track].far
