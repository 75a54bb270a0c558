"""Own share: how much of what this listener plays is this track."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return the track's share of the kept plays."""
    return own[track].plays / max(now.plays, 1.0)
