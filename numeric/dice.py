"""Dice without state: the k-th number of a key is a function of key and k alone.

SplitMix64 as a counter-based generator: Steele, Lea & Flood (2014), "Fast splittable pseudorandom
number generators", section 4; the mixing constants are Stafford's variant 13.
"""

import math

import numpy as np

from numeric.exact import log
from numeric.jit import kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@kernel
def bits(key: np.uint64, k: int) -> np.uint64:
    """Return 64 random bits: the k-th of this key."""
    z = np.uint64(key) + GOLDEN * np.uint64(k + 1)
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@kernel
def uniform(key: np.uint64, k: int) -> float:
    """Return a number in [0, 1): the k-th of this key.

    >>> 0.0 <= uniform(np.uint64(7), 0) < 1.0
    True
    """
    return float(bits(key, k) >> _S11) * 1.1102230246251565e-16


@kernel
def normal(key: np.uint64, k: int) -> float:
    """Return a standard normal number: the k-th of this key (Box & Muller 1958).

    The angle's cosine is taken by quarter-turn reduction and Taylor's series, not from the C library.
    """
    radius = math.sqrt(-2.0 * log(1.0 - uniform(key, 2 * k)))
    turn = uniform(key, 2 * k + 1) * 4.0  # in quarter turns
    quarter = math.floor(turn + 0.5)
    y = (turn - quarter) * 1.5707963267948966
    square = y * y
    cosine, sine = 1.0, 1.0
    for n in range(9, 0, -1):
        cosine = 1.0 - cosine * square / ((2 * n - 1) * (2 * n))
        sine = 1.0 - sine * square / ((2 * n) * (2 * n + 1))
    sine *= y
    which = int(quarter) % 4
    if which == 0:
        return radius * cosine
    if which == 1:
        return -radius * sine
    if which == 2:
        return -radius * cosine
    return radius * sine


@kernel
def derive(seed: np.uint64, name: np.uint64) -> np.uint64:
    """Return the key for one name (a decision, a world's listener) under a seed."""
    return bits(np.uint64(seed) ^ bits(np.uint64(name), 0), 1)
