"""Skip rate: how much everybody skips this track."""

from features.listener.skip_rate import rate
from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return the smoothed share of its judged plays that were skipped, decayed."""
    row = tracks[track]
    return rate(row.skips * now.popularity_scale, row.judged * now.popularity_scale)
