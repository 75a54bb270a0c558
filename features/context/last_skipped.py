"""Last skipped: the verdict on the newest play."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(now: Records) -> float:
    """Return 1 if the newest play was skipped, 0 if not, 0.5 where unknown."""
    return now.last_skipped
