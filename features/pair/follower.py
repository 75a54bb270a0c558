"""Follower: how often everybody plays this track right after the newest one."""

import numpy as np

from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return its decayed share of what followed the newest track one step on."""
    return own[track].near
