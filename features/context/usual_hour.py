"""Usual hour: how much of this listener's plays fall at this time of day."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(now: Records) -> float:
    """Return the share of kept plays within an hour of now on the clock; 1/8 for a new listener."""
    return (now.hour_plays + 0.5) / (now.plays + 4.0)
