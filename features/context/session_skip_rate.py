"""Session skip rate: how much is being skipped right now."""

from features.listener.skip_rate import rate
from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(now: Records) -> float:
    """Return the smoothed share of this session's judged plays that were skipped."""
    return rate(now.session_skips, now.session_judged)
