"""Prediction: what a version expects of each candidate, and how sure it is."""

import math
from typing import NamedTuple

import numpy as np

from numeric import dice
from numeric.arrays import Floats, Singles
from numeric.jit import kernel

LANES = 256  # candidates handled at a time: their columns stay in the nearest cache


class Prediction(NamedTuple):
    """What is known of m candidates, in the caller's order."""

    mean: Floats  # (m,), the linear predictor
    variance: Floats = np.zeros(0)  # (m,), xᵀ A⁻¹ x, where asked for
    deviations: Floats = np.zeros((0, 0))  # (draws, m), joint draws from the posterior, the mean taken away


@kernel
def contract_weights(weights: Floats, context: Singles) -> Floats:
    """Return Σᵢ context[i] · weights[i, :], what each pair column is worth here (P,)."""
    worth = np.zeros(weights.shape[1])
    for i in range(len(context)):
        scale = np.float64(context[i])
        if scale != 0.0:
            for a in range(len(worth)):
                worth[a] += scale * weights[i, a]
    return worth


@kernel
def contract_covariance(covariance: Floats, context: Singles) -> Floats:
    """Return the covariance of what the pair columns are worth in this context, as pairs (P(P+1)/2,)."""
    rows, scales = np.empty(len(covariance), np.int64), np.empty(len(covariance))
    used, at = 0, 0
    for i in range(len(context)):
        for j in range(i + 1):
            scale = np.float64(context[i]) * context[j]
            if scale != 0.0:
                rows[used], scales[used] = at + j, scale
                used += 1
        at += i + 1
    here = np.zeros(covariance.shape[1])
    whole = used // 4 * 4
    for k in range(0, whole, 4):  # four rows a pass: the sum is read and written once
        a, b, c, d = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        s, t, u, v = scales[k], scales[k + 1], scales[k + 2], scales[k + 3]
        for i in range(len(here)):
            half = (here[i] + s * covariance[a, i]) + t * covariance[b, i]
            here[i] = (half + u * covariance[c, i]) + v * covariance[d, i]
    for k in range(whole, used):
        a, s = rows[k], scales[k]
        for i in range(len(here)):
            here[i] += s * covariance[a, i]
    return here


@kernel
def factor_of(here: Floats, width: int) -> Floats:
    """Return lower triangular F (P, P) with F Fᵀ = the covariance given as pairs; 0 where it has no pivot."""
    factor = np.zeros((width, width))
    for i in range(width):
        for j in range(i + 1):
            total = here[i * (i + 1) // 2 + j]
            for k in range(j):
                total -= factor[i, k] * factor[j, k]
            if i == j:
                factor[i, i] = math.sqrt(max(total, 0.0))
            elif factor[j, j] > 0.0:
                factor[i, j] = total / factor[j, j]
    return factor


@kernel
def means_of(worth: Floats, columns: Singles) -> Floats:
    """Return columns · worth (m,), each sum from the first column to the last."""
    count, width = columns.shape
    mean = np.empty(count)
    whole = count // 4 * 4
    for k in range(0, whole, 4):  # four candidates side by side
        s = t = u = v = 0.0
        for a in range(width):
            s += worth[a] * columns[k, a]
            t += worth[a] * columns[k + 1, a]
            u += worth[a] * columns[k + 2, a]
            v += worth[a] * columns[k + 3, a]
        mean[k], mean[k + 1], mean[k + 2], mean[k + 3] = s, t, u, v
    for k in range(whole, count):
        s = 0.0
        for a in range(width):
            s += worth[a] * columns[k, a]
        mean[k] = s
    return mean


@kernel
def predict_mean(weights: Floats, context: Singles, columns: Singles) -> Floats:
    """Return the mean of candidates with columns (m, P)."""
    return means_of(contract_weights(weights, context), columns)


@kernel
def predict_one(weights: Floats, context: Singles, row: Singles) -> float:
    """Return the mean of one candidate with columns (P,), to the bit as among others."""
    worth = contract_weights(weights, context)
    mean = 0.0
    for a in range(len(worth)):
        mean += worth[a] * row[a]
    return mean


@kernel
def offsets_of(here: Floats, width: int, draws: int, key: np.uint64) -> Floats:
    """Return joint draws of how far the columns' worth is from its mean (draws, P)."""
    factor = factor_of(here, width)
    offsets = np.zeros((draws, width))
    for draw in range(draws):
        for b in range(width):
            z = dice.normal(key, draw * width + b)
            for a in range(b, width):
                offsets[draw, a] += factor[a, b] * z
    return offsets


@kernel
def predict_spread(
    covariance: Floats, context: Singles, columns: Singles, want_variance: bool, draws: int, key: np.uint64
) -> tuple[Floats, Floats]:
    """Return variance (m,) and deviations (draws, m) of candidates with columns (m, P).

    The covariance is contracted with the context once, C² P² / 4 products; a candidate then costs
    P² / 2 for its variance, and P for each draw.
    """
    count, width = columns.shape
    variance = np.zeros(count if want_variance else 0)
    deviations = np.zeros((draws, count))
    here = contract_covariance(covariance, context)
    offsets = offsets_of(here, width, draws, key)

    across = np.empty((width, LANES))
    for start in range(0, count, LANES):
        lanes = min(LANES, count - start)
        for a in range(width):
            for lane in range(lanes):
                across[a, lane] = columns[start + lane, a]
        if want_variance:
            _write_variance(here, across, variance[start : start + lanes])
        for draw in range(draws):
            _add_scaled(offsets[draw], across, deviations[draw, start : start + lanes])
    return variance, deviations


@kernel
def _write_variance(here: Floats, across: Floats, out: Floats) -> None:
    """Write vᵀ M v for each lane's column vector v, M being symmetric and given as pairs."""
    inner = np.empty(len(out))
    twice = np.empty(len(across))
    at = 0
    for a in range(len(across)):
        for b in range(a):
            twice[b] = 2.0 * here[at + b]
        twice[a] = here[at + a]
        inner[:] = 0.0
        _add_scaled(twice[: a + 1], across, inner)
        for lane in range(len(out)):
            out[lane] += across[a, lane] * inner[lane]
        at += a + 1
    for lane in range(len(out)):
        out[lane] = max(out[lane], 0.0)


@kernel
def _add_scaled(scales: Floats, across: Floats, out: Floats) -> None:
    """Add Σ scales[a] · across[a] to each lane of out, from the first scale to the last."""
    whole = len(scales) // 4 * 4
    for k in range(0, whole, 4):
        s, t, u, v = scales[k], scales[k + 1], scales[k + 2], scales[k + 3]
        for lane in range(len(out)):
            half = (out[lane] + s * across[k, lane]) + t * across[k + 1, lane]
            out[lane] = (half + u * across[k + 2, lane]) + v * across[k + 3, lane]
    for k in range(whole, len(scales)):
        s = scales[k]
        for lane in range(len(out)):
            out[lane] += s * across[k, lane]
