"""Followers: how often everybody plays this track within five steps of the newest ones."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "sum of shares"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return decayed shares over the five newest distinct tracks, the p-th weighing 1/(1 + p)."""
    return own[track].far
