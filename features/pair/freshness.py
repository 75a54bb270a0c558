"""Freshness: how little this track has been heard or shown."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "fraction"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return 1 / (1 + decayed plays + exposures / 10), relative to the landmark's weight now."""
    row = tracks[track]
    return 1.0 / (1.0 + (row.plays + 0.1 * row.exposures) * now.popularity_scale)
