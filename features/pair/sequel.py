"""Sequel: how often this track came right after the two newest ones, in their order."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return its share of recent occasions."""
    return own[track].sequel
