"""Bias: the constant that gives every pair column a weight of its own."""

import numpy as np

from numeric.jit import kernel

UNIT = "constant"


@kernel
def value(now: np.ndarray) -> float:
    """Return 1."""
    return 1.0
