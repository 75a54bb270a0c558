"""Names for the arrays that kernels take, so that signatures read."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]  # columns and contexts as records carry them
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Bytes = NDArray[np.uint8]

Records = Any
"""A structured array, or one row of it: rows have named fields, which no type checker knows of."""


def bytes_of(rows: Records) -> Bytes:
    """Return the same memory as bytes (n,).

    Python hands bytes over to a kernel four times as quickly as named rows; there they are viewed as rows.
    """
    memory: Bytes = rows.reshape(-1).view(np.uint8)
    return memory
