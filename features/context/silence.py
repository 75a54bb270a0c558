"""Silence: how long nothing was played before this decision."""

from numeric.arrays import Records
from numeric.exact import log
from numeric.jit import kernel

UNIT = "log minutes"


@kernel
def value(now: Records) -> float:
    """Return log(1 + minutes since the newest play) / 8, at most 1; 1 for a new listener."""
    if now.newest_ms < 0:
        return 1.0
    minutes = max(now.now_ms - now.newest_ms, 0) / 60_000.0
    return min(log(1.0 + minutes) / 8.0, 1.0)
