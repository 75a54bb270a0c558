"""Shortlist: the heaviest few of many tracks, in order; ties go to the smaller key."""

import numpy as np

from numeric.arrays import Records
from numeric.jit import kernel, layout

ENTRY = layout([("weight", "f8"), ("key", "u8"), ("track", "i4")])


@kernel
def offer(shortlist: Records, n: int, track: int, weight: float, key: np.uint64) -> int:
    """Put a track in its place if it is among the heaviest; return the new length.

    ``shortlist`` (dtype ENTRY) is as long as the list may grow; its first ``n`` rows are sorted.
    """
    limit = shortlist.shape[0]
    if n == limit:
        if n == 0 or not _heavier(weight, key, shortlist[n - 1]):
            return n
        place = n - 1
    else:
        place = n
        n += 1
    while place > 0 and _heavier(weight, key, shortlist[place - 1]):
        shortlist[place] = shortlist[place - 1]
        place -= 1
    entry = shortlist[place]
    entry.weight = weight
    entry.key = key
    entry.track = track
    return n


@kernel
def _heavier(weight: float, key: np.uint64, other: Records) -> bool:
    if weight != other.weight:
        return weight > other.weight
    return key < other.key
