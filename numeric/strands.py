"""Sums and maxima in several strands: a fixed order of operations that wide registers can follow.

A plain loop waits for each addition before the next. Eight interleaved sums, joined in pairs at the
end, run side by side; as their order is written down here, the bits are the same on every machine.
"""

import math
from typing import Any

from numpy.typing import NDArray

from numeric.arrays import Floats
from numeric.jit import kernel


@kernel
def total(values: Floats) -> float:
    """Return the sum of values (n,).

    >>> print(total(np.arange(11.0)))
    55.0
    """
    a = b = c = d = e = f = g = h = 0.0
    whole = len(values) // 8 * 8
    for i in range(0, whole, 8):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
        e += values[i + 4]
        f += values[i + 5]
        g += values[i + 6]
        h += values[i + 7]
    rest = 0.0
    for i in range(whole, len(values)):
        rest += values[i]
    return (((a + e) + (b + f)) + ((c + g) + (d + h))) + rest


@kernel
def first_largest(values: Floats) -> int:
    """Return the first place of the largest of values (n,), none of which may be nan; 0 if there are none.

    >>> first_largest(np.array([1.0, 3.0, 2.0, 3.0]))
    1
    """
    a = b = c = d = -math.inf
    whole = len(values) // 4 * 4
    for i in range(0, whole, 4):
        a = max(values[i], a)
        b = max(values[i + 1], b)
        c = max(values[i + 2], c)
        d = max(values[i + 3], d)
    for i in range(whole, len(values)):
        a = max(values[i], a)
    largest = max(a, b, c, d)
    for i in range(len(values)):
        if values[i] == largest:
            return i
    return 0


@kernel
def place_of(u: float, shares: Floats) -> int:
    """Return the place on which u falls when shares (n,), all > 0, lie end to end from 0; the last beyond.

    >>> place_of(0.0, np.array([0.25, 0.75])), place_of(0.3, np.array([0.25, 0.75]))
    (0, 1)
    """
    passed = 0.0
    start = 0
    while start + 32 < len(shares):  # thirty-two at a time, then one by one
        block = total(shares[start : start + 32])
        if u < passed + block:
            break
        passed += block
        start += 32
    for i in range(start, len(shares)):
        passed += shares[i]
        if u < passed:
            return i
    return len(shares) - 1


@kernel
def close_gap(values: NDArray[Any], place: int) -> None:
    """Move everything behind a place of values (n,) one place down, over it; the last place stays.

    >>> values = np.arange(4)
    >>> close_gap(values, 1)
    >>> values
    array([0, 2, 3, 3])
    """
    tail = values[place:]
    for i in range(len(tail) - 1):
        tail[i] = tail[i + 1]
