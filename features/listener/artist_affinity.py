"""Artist affinity: how much of what a listener hears is by one artist, and how much is skipped."""

from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def fold(play: Records, artist: int, by_artist: Records, stamp: int, in_session: bool) -> None:
    """Count one play for its artist; an unknown artist (−1) counts nowhere."""
    if artist < 0:
        return
    row = by_artist[artist]
    if row.stamp != stamp:
        row.stamp = stamp
        row.plays = row.skips = row.session = 0
    row.plays += 1
    if play.skipped == 1:
        row.skips += 1
    if in_session:
        row.session += 1
