"""Prediction: what a version expects of each candidate, and how sure it is."""

import math
from typing import NamedTuple

import numpy as np

from numeric import dice
from numeric.arrays import Floats, Singles
from numeric.jit import kernel

LANES = 128  # candidates handled at a time: their columns stay in the nearest cache


class Prediction(NamedTuple):
    """What is known of m candidates, in the caller's order."""

    mean: Floats  # (m,), the linear predictor
    variance: Floats  # (m,), xᵀ A⁻¹ x; (0,) where not asked for
    deviations: Floats  # (draws, m), joint draws from the posterior of the mean, its centre taken away


@kernel
def contract_weights(weights: Floats, context: Singles) -> Floats:
    """Return Σᵢ context[i] · weights[i, :], what each pair column is worth here (P,)."""
    worth = np.zeros(weights.shape[1])
    for i in range(len(context)):
        scale = float(context[i])
        if scale != 0.0:
            row = weights[i]
            for a in range(len(worth)):
                worth[a] += scale * row[a]
    return worth


@kernel
def contract_covariance(covariance: Floats, context: Singles) -> Floats:
    """Return the covariance of what the pair columns are worth in this context, as pairs (P(P+1)/2,)."""
    here = np.zeros(covariance.shape[1])
    at = 0
    for i in range(len(context)):
        scale = float(context[i])
        if scale != 0.0:
            for j in range(i + 1):
                both = scale * context[j]
                if both != 0.0:
                    row = covariance[at + j]
                    for t in range(len(here)):
                        here[t] += both * row[t]
        at += i + 1
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
def predict(
    weights: Floats,
    covariance: Floats,
    context: Singles,
    columns: Singles,
    want_variance: bool,
    draws: int,
    key: np.uint64,
) -> Prediction:
    """Return mean, variance and draws for columns (m, P); see `bandits.version.Version.predict`.

    The covariance is contracted with the context once, C² P² / 4 products; a candidate then costs
    P² / 2 for its variance, and P for each draw.
    """
    count, width = columns.shape
    mean = np.zeros(count)
    variance = np.zeros(count if want_variance else 0)
    deviations = np.zeros((draws, count))
    worth = contract_weights(weights, context)
    here = contract_covariance(covariance, context) if want_variance or draws > 0 else np.zeros(0)
    offsets = np.zeros((draws, width))
    if draws > 0:
        factor = factor_of(here, width)
        for draw in range(draws):
            for b in range(width):
                z = dice.normal(key, draw * width + b)
                for a in range(b, width):
                    offsets[draw, a] += factor[a, b] * z

    across = np.empty((width, LANES))
    inner = np.empty(LANES)
    for start in range(0, count, LANES):
        lanes = min(LANES, count - start)
        for lane in range(lanes):
            for a in range(width):
                across[a, lane] = columns[start + lane, a]
        here_mean = mean[start : start + lanes]
        for a in range(width):
            line, scale = across[a], worth[a]
            for lane in range(lanes):
                here_mean[lane] += scale * line[lane]
        if want_variance:
            here_variance = variance[start : start + lanes]
            for a in range(width):
                line = across[a]
                at = a * (a + 1) // 2
                scale = here[at + a]
                for lane in range(lanes):
                    inner[lane] = scale * line[lane]
                for b in range(a):
                    other, twice = across[b], 2.0 * here[at + b]
                    for lane in range(lanes):
                        inner[lane] += twice * other[lane]
                for lane in range(lanes):
                    here_variance[lane] += line[lane] * inner[lane]
            for lane in range(lanes):
                here_variance[lane] = max(here_variance[lane], 0.0)
        for draw in range(draws):
            here_deviation = deviations[draw, start : start + lanes]
            for a in range(width):
                line, scale = across[a], offsets[draw, a]
                for lane in range(lanes):
                    here_deviation[lane] += scale * line[lane]
    return Prediction(mean, variance, deviations)
