"""Own follower: how often this listener plays this track right after the newest one."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return its share of the listener's own earlier occasions, late ones weighing more."""
    return own[track].own_near
