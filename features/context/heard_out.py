"""Heard out: whether the newest play ran to its end."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(now: Records) -> float:
    """Return 1 if all of the newest play was heard, 0 if not, 0.5 where unknown."""
    return now.last_heard_out
