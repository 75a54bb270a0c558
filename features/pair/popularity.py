"""Popularity: how much everybody plays this track of late."""

import math

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "fourth root of a share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return the fourth root of its decayed plays over the most played track's: 0.1 is one in 10,000."""
    most = now.most_played
    if most <= 0.0:
        return 0.0
    return math.sqrt(math.sqrt(tracks[track].plays / most))
