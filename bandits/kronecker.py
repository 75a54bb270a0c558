"""Sums of (c cᵀ) ⊗ (v vᵀ), kept without repeating what two symmetries say twice.

The entry for features (i, a) and (j, b) is Σ w cᵢ cⱼ vₐ v_b: swapping i and j, or a and b, changes
nothing. So a (D, D) matrix with D = C·P is kept as *pairs* of shape (C(C+1)/2, P(P+1)/2): row
i(i+1)/2 + j for i ≥ j, column a(a+1)/2 + b for a ≥ b. That is little more than a quarter of D², and
a whole slate is added as one row of context pairs times one row of column pairs.
"""

import math

import numpy as np

from numeric.arrays import Flags, Floats, Indices, Singles
from numeric.exact import exp2
from numeric.jit import kernel


def pairs_of(length: int) -> int:
    """Return the number of unordered pairs of ``length`` things, each with itself included.

    >>> pairs_of(17)
    153
    """
    return length * (length + 1) // 2


@kernel
def weigh(at_ms: int, landmark_ms: int, half_life_ms: int) -> float:
    """Return 2^((at_ms − landmark_ms) / half_life_ms); 1 where the half-life is 0 (no decay).

    Whole half-lives enter as an exact power of two, so a moved landmark changes no bit of a sum.

    >>> weigh(150, 100, 100), weigh(100, 300, 100), weigh(5, 0, 0)
    (1.414213562373095, 0.25, 1.0)
    """
    if half_life_ms == 0:
        return 1.0
    whole = (at_ms - landmark_ms) // half_life_ms
    rest = (at_ms - landmark_ms) - whole * half_life_ms
    return math.ldexp(exp2(rest / half_life_ms), max(-2000, min(2000, whole)))


@kernel
def _add_square(row: Singles, square: Floats) -> None:
    """Add the products of every pair of a row's columns to square (P(P+1)/2,)."""
    at = 0
    for a in range(len(row)):
        value = np.float64(row[a])
        if value != 0.0:
            part = square[at : at + a + 1]
            for b in range(a + 1):
                part[b] += value * row[b]
        at += a + 1


@kernel
def add_rows(
    pairs: Floats,
    total: Floats,
    scales: Floats,
    squares: Floats,
    waiting: int,
    ends: Indices,
    context: Singles,
    columns: Singles,
    reward: Floats,
    reward_change: Floats,
    first: Flags,
    weight: Floats,
    added: float,
) -> tuple[int, float]:
    """Add the rows of some decisions, in order; shapes as in `bandits.rows.Rows`.

    Returns how many updates of pairs are ``waiting`` in scales (8, C(C+1)/2) and squares (8, P(P+1)/2)
    afterwards, and ``added`` plus the weight of all first rows. Decisions one by one give the same bits.
    """
    start = 0
    for k in range(len(ends)):
        end = ends[k]
        news = _add_decision(
            total, scales[waiting], squares[waiting], context[k], columns[start:end],
            reward[start:end], reward_change[start:end], first[start:end], weight[k],
        )  # fmt: skip
        start = end
        added += weight[k] * news
        if news > 0:
            waiting += 1
            if waiting == len(scales):
                settle(pairs, scales, squares)
                waiting = 0
    return waiting, added


@kernel
def _add_decision(
    total: Floats,
    scales: Floats,
    square: Floats,
    context: Singles,
    columns: Singles,
    reward: Floats,
    reward_change: Floats,
    first: Flags,
    weight: float,
) -> int:
    """Add weight × gain × x of all rows to total (C, P), and prepare what the first rows add to pairs.

    That is the outer product of ``scales`` (C(C+1)/2,) = weight × c cᵀ and ``square`` (P(P+1)/2,) = Σ v vᵀ,
    left to `settle`. A row's gain is its reward where it is first, else its reward's change. Returns the
    number of first rows.
    """
    rows, width = columns.shape
    line = np.zeros(width)
    square[:] = 0.0
    news = 0
    for k in range(rows):
        gain = reward[k] if first[k] else reward_change[k]
        row = columns[k]
        for a in range(width):
            line[a] += gain * row[a]
        if first[k]:
            news += 1
            _add_square(row, square)
    at = 0
    for i in range(len(context)):
        scale = weight * np.float64(context[i])  # float32 times a plain number would stay float32
        if scale != 0.0:
            target = total[i]
            for a in range(width):
                target[a] += scale * line[a]
        if news > 0:
            for j in range(i + 1):
                scales[at + j] = scale * context[j]
        at += i + 1
    return news


@kernel
def weights_of(
    at_ms: Indices,
    weight: Floats,
    landmark_ms: int,
    half_life_ms: int,
    alarms_ms: Indices,
    factors: Floats,
    sign: float,
) -> Floats:
    """Return what each decision weighs (d,): its own weight, its age, and the alarms since."""
    out = np.empty(len(at_ms))
    for k in range(len(at_ms)):
        out[k] = sign * weight[k] * weigh(int(at_ms[k]), landmark_ms, half_life_ms)
        for i in range(len(alarms_ms)):
            if at_ms[k] <= alarms_ms[i]:
                out[k] *= factors[i]
    return out


@kernel
def settle(pairs: Floats, scales: Floats, squares: Floats) -> None:
    """Add to pairs, in order, the outer products of eight scales and squares (8, C(C+1)/2), (8, P(P+1)/2).

    Reading and writing pairs is what costs, so eight updates go through in one pass. Each entry takes
    them one after the other: the bits are those of eight passes, and a scale of 0 changes none. Scales are
    0 afterwards.
    """
    for i in range(len(pairs)):
        for k in range(0, 8, 4):
            s, t, u, v = scales[k, i], scales[k + 1, i], scales[k + 2, i], scales[k + 3, i]
            if s != 0.0 or t != 0.0 or u != 0.0 or v != 0.0:
                for j in range(pairs.shape[1]):
                    half = (pairs[i, j] + s * squares[k, j]) + t * squares[k + 1, j]
                    pairs[i, j] = (half + u * squares[k + 2, j]) + v * squares[k + 3, j]
    scales[:] = 0.0


@kernel
def unfold(pairs: Floats, depth: int, width: int, scale: float, ridge: float, out: Floats) -> None:
    """Write scale × what ``pairs`` stands for, plus ridge × I, into the upper triangle of out (D, D)."""
    for i in range(depth):
        for a in range(width):
            row = out[i * width + a]
            for j in range(i, depth):
                block = pairs[j * (j + 1) // 2 + i]
                for b in range(a if i == j else 0, width):
                    pair = a * (a + 1) // 2 + b if a >= b else b * (b + 1) // 2 + a
                    row[j * width + b] = scale * block[pair]
            row[i * width + a] += ridge


@kernel
def fold_inverse(lower: Floats, depth: int, width: int, out: Floats) -> None:
    """Write the pairs of a symmetric (D, D) matrix, given by its lower triangle, into out.

    The matrix need not be a sum of Kronecker products: entries that a form (c ⊗ v)ᵀ M (c ⊗ v) cannot
    tell apart are joined, so that the form is Σ cᵢ cⱼ v_a v_b out[ij, ab] over i ≥ j, all a and b.
    """
    for i in range(depth):
        for j in range(i + 1):
            block = out[i * (i + 1) // 2 + j]
            for a in range(width):
                for b in range(a + 1):
                    value = lower[i * width + a, j * width + b]
                    if i != j:
                        value += lower[i * width + b, j * width + a]
                    block[a * (a + 1) // 2 + b] = value
