"""Hours: how usual it is for this listener to listen at this hour of the day (UTC)."""

from numeric.arrays import Records
from numeric.jit import kernel

HOUR_MS = 3_600_000


@kernel
def hour_of(at_ms: int) -> int:
    """Return the hour of the day, 0 to 23, UTC."""
    return (at_ms // HOUR_MS) % 24


@kernel
def fold(summary: Records, play: Records) -> None:
    """Count one play if it was within an hour of now, on the clock."""
    apart = abs(hour_of(play.started_ms) - hour_of(summary.now_ms))
    if min(apart, 24 - apart) <= 1:
        summary.hour_plays += 1
