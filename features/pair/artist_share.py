"""Artist share: how much of what this listener plays is by this track's artist."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return the artist's share of the kept plays; 0 where the artist is unknown."""
    artist = tracks[track].artist
    if artist < 0 or by_artist[artist].stamp != own[track].stamp:
        return 0.0
    return by_artist[artist].plays / max(now.plays, 1.0)
