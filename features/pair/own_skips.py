"""Own skips: how much of this listener's plays of this track were skipped."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return own skips over own plays of it, with one play's worth of prior at 0."""
    return own[track].skips / (own[track].plays + 1.0)
