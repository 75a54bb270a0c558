"""Bias: the constant that gives every pair column a weight of its own."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "constant"


@kernel
def value(now: Records) -> float:
    """Return 1."""
    return 1.0
