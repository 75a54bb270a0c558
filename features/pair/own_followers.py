"""Own followers: how often this listener plays this track some steps after the newest ones."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return its share two or three steps on, or two steps after the second newest track."""
    return own[track].own_far
