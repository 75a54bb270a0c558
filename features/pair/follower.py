"""Follower: how often everybody plays this track right after the newest one."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return its decayed share of what followed the newest track one step on."""
    return own[track].near
