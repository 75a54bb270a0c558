"""Usual repeats: whether this listener comes back to tracks."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(now: Records) -> float:
    """Return the share of kept plays whose track was heard before; 0.5 for a new listener."""
    return (now.repeats + 0.5) / (now.plays + 1.0)
