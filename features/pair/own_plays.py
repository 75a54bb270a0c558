"""Own plays: how often this listener has played this track."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "fraction"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return n / (n + 4) of own kept plays n: 0 if never, a half at four."""
    plays = own[track].plays
    return plays / (plays + 4.0)
