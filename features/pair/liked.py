"""Liked: the listener's own verdict on this track."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "sign"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return 1 if liked, −1 if disliked, 0 if unsaid."""
    return own[track].liked
