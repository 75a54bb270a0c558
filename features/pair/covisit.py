"""Covisit: how much this track is played around the newest ones in other sessions."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return its share of what recent sessions played around them, aligned with where this session is."""
    return own[track].covisit
