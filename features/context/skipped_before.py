"""Skipped before: the verdict on the play before the newest one."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(now: Records) -> float:
    """Return 1 if the second newest play was skipped, 0 if not, 0.5 where unknown."""
    return now.skipped_before
