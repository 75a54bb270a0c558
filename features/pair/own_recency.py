"""Own recency: how few plays ago this listener played this track."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "fraction"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return 8 / (8 + plays since then); 0 if never."""
    ago = own[track].ago
    return 8.0 / (8.0 + ago) if ago >= 0 else 0.0
