"""Finite: whether every number of many is one."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numeric.jit import kernel


@kernel
def all_finite(values: NDArray[Any]) -> bool:
    """Tell whether every number of an array, of any shape, is finite.

    >>> all_finite(np.ones((2, 2))), all_finite(np.array([[1.0, np.nan]]))
    (True, False)
    """
    for value in values.flat:  # noqa: SIM110  numba knows no generator
        if not math.isfinite(value):
            return False
    return True


@kernel
def finite_bytes(values: bytes) -> bool:
    """Tell whether every float32 in these bytes is finite.

    >>> finite_bytes(np.ones(3, "<f4").tobytes()), finite_bytes(np.array([1, np.nan], "<f4").tobytes())
    (True, False)
    """
    return all_finite(np.frombuffer(values, np.float32))
