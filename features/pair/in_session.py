"""In session: whether this session has played this track already."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return 1 if it has, else 0."""
    return 1.0 if own[track].session > 0 else 0.0
