"""Fresh: new tracks that few have heard or been shown, each with the same chance to be proposed."""

import numpy as np

from numeric.arrays import Records
from numeric.dice import bits
from numeric.jit import kernel

EXPOSURES_MAX = 50.0  # decayed; beyond it a track has had its chance


@kernel
def fresh_track(
    fresh: Records, clock: Records, tracks: Records, summary: Records, key: np.uint64, i: int
) -> int:
    """Return the i-th track from a place in the list that this decision's dice chose; −1: not fresh."""
    length = clock[0].fresh
    start = int(bits(key, 1_000) % np.uint64(length))
    track = fresh[(start + i) % length]
    row = tracks[track]
    if (row.exposures + row.plays) * summary[0].popularity_scale > EXPOSURES_MAX:
        return -1
    if row.released_ms > summary[0].now_ms:  # listed before its release
        return -1
    return track
