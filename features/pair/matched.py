"""Matched: how much this track is played in those sessions that were most like this one."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return its share of the same plays, each weighing as much as its session had in common before."""
    return own[track].matched
