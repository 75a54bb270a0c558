"""Same artist: whether the newest play was by this track's artist."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return 1 if it was, else 0."""
    artist = tracks[track].artist
    return 1.0 if artist >= 0 and artist == now.last_artist else 0.0
