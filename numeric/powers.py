"""Powers of two, kept apart as a fraction and an exponent, for many numbers at once."""

import math

from numeric.jit import kernel

# ln(2)^k / k!, correctly rounded: the Taylor series of 2^y, to the last bit for |y| ≤ 1/2.
_TERMS = (
    1.0,
    0.6931471805599453,
    0.24022650695910072,
    0.05550410866482158,
    0.009618129107628477,
    0.0013333558146428443,
    0.0001540353039338161,
    1.5252733804059841e-05,
    1.321548679014431e-06,
    1.01780860092397e-07,
    7.054911620801123e-09,
    4.4455382718708116e-10,
    2.5678435993488206e-11,
    1.3691488853904128e-12,
    6.778726354822545e-14,
)


@kernel
def split_exp2(power: float) -> tuple[float, int]:
    """Return 2^power as (fraction, exponent), fraction · 2^exponent with the fraction in [√½, √2].

    For |power| < 2^52, within 4e-16 of the exact fraction, relatively; a loop that calls this
    is compiled to wide registers.

    >>> split_exp2(10.0), split_exp2(-1.75)
    ((1.0, 10), (1.189207115002721, -2))
    """
    whole = math.floor(power + 0.5)
    y = power - whole
    value = _TERMS[14]
    for k in range(13, -1, -1):
        value = value * y + _TERMS[k]
    return value, int(whole)
