"""Repeats: tracks this listener has played before, often or lately."""

import numpy as np

from candidates.shortlist import offer
from numeric.jit import kernel


@kernel
def shortlist_repeats(shortlist: np.ndarray, own: np.ndarray, tracks: np.ndarray, plays: np.ndarray) -> int:
    """Fill ``shortlist`` with the listener's tracks by plays over age; return its length."""
    n = 0
    last = plays.shape[0] - 1
    for i in range(last, -1, -1):
        track = plays[i].track
        row = own[track]
        if row.ago == last - i:
            n = offer(shortlist, n, track, (1.0 + row.plays) / (16.0 + row.ago), tracks[track].key)
    return n
