"""Is newest: whether this is the very track that was played last."""

import numpy as np

from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(track: int, own: np.ndarray, tracks: np.ndarray, by_artist: np.ndarray, now: np.ndarray) -> float:
    """Return 1 if it is, else 0."""
    return 1.0 if track == now.last else 0.0
