"""Own follower: how often this listener plays this track right after the newest one."""

import numpy as np

from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return its share of the listener's own earlier occasions, late ones weighing more."""
    return own[track].own_near
