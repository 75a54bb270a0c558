"""Own age: how long ago, by the clock, this listener played this track."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "1 / hours"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return 1 / (1 + hours since then); 0 if never."""
    at_ms = own[track].at_ms
    if at_ms < 0:
        return 0.0
    return 1.0 / (1.0 + max(now.now_ms - at_ms, 0) / 3_600_000.0)
