"""Exponential and logarithm from basic arithmetic alone: the same bits on every machine.

The C library picks its version by processor, and versions differ in the last bit; a golden log made
on one machine would then fail on another.
"""

import math

from numeric.jit import kernel
from numeric.powers import split_exp2

LN2 = 0.6931471805599453
SQRT_HALF = 0.7071067811865476
_ODD = tuple(1.0 / k for k in range(23, 0, -2))  # of the series of artanh, the last term first


@kernel
def exp2(x: float) -> float:
    """Return 2 to the power x, within 1e-15 of it relatively; 0 below −1000, infinity above 1023.

    >>> exp2(10.0), exp2(-1.0), exp2(0.5)
    (1024.0, 0.5, 1.414213562373095)
    """
    if not x > -1000.0:
        return 0.0 if x <= -1000.0 else math.nan
    if x >= 1024.0:
        return math.inf
    fraction, exponent = split_exp2(x)
    return math.ldexp(fraction, exponent)


@kernel
def exp(x: float) -> float:
    """Return e to the power x, within 1e-13 of it relatively for −693 < x < 709; 0 below.

    >>> exp(0.0), round(exp(1.0), 12)
    (1.0, 2.718281828459)
    """
    return exp2(x / LN2)


@kernel
def log(x: float) -> float:
    """Return the natural logarithm of x > 0; −infinity at 0, nan below.

    >>> log(1.0), round(log(10.0), 12)
    (0.0, 2.302585092994)
    """
    if x <= 0.0:
        return -math.inf if x == 0.0 else math.nan
    mantissa, exponent = math.frexp(x)
    if mantissa < SQRT_HALF:
        mantissa *= 2.0
        exponent -= 1
    z = (mantissa - 1.0) / (mantissa + 1.0)  # log m = 2 artanh z, |z| ≤ 0.172
    square = z * z
    result = _ODD[0]
    for k in range(1, len(_ODD)):
        result = _ODD[k] + square * result
    return 2.0 * z * result + exponent * LN2


@kernel
def logistic(x: float) -> float:
    """Return 1 / (1 + e^−x).

    >>> logistic(0.0)
    0.5
    """
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    power = exp(x)
    return power / (1.0 + power)
