"""Usual skip rate: how much this listener skips at all times."""

from features.listener.skip_rate import rate
from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(now: Records) -> float:
    """Return the smoothed share of kept judged plays that were skipped."""
    return rate(now.skips, now.judged)
