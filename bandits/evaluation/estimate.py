"""Estimates with their uncertainty, and in words what to doubt about them."""

import math
from typing import NamedTuple

import numpy as np

from bandits.evaluation.sums import Sums
from numeric.arrays import Floats

CONFIDENCE = 0.95
EFFECTIVE_MIN = 200.0  # decisions; below it, intervals of ratio estimators cover too little
DOMINANT = 0.05  # share of all weight that one decision may have
STRAY = 4.0  # standard errors by which the mean weight may miss 1


class Interval(NamedTuple):
    """From low to high, both included; nan where there is none."""

    low: float
    high: float

    def covers(self, value: float) -> bool:
        """Tell whether a value lies within."""
        return self.low <= value <= self.high


class Estimate(NamedTuple):
    """What a policy would have earned, by one estimator."""

    value: float
    error: float  # standard error, over listeners
    interval: Interval  # bootstrap over listeners, 95 %
    bernstein: Interval  # for the mean of independent decisions, at any size of log; nan where no mean


def estimates_of(sums: Sums, propensity_min: float) -> list[Estimate]:
    """Return every estimator's estimate; ``propensity_min`` is the least propensity in the log."""
    values, replicated = sums.estimates(), sums.replicated()
    return [
        Estimate(
            float(values[k]),
            *spread_of(replicated[:, k]),
            _bernstein(sums, k, estimator.width(1.0 / propensity_min)),
        )
        for k, estimator in enumerate(sums.estimators)
    ]


def difference_of(one: Sums, other: Sums, estimator: int) -> Estimate:
    """Return by how much the first policy earns more than the other, on the same decisions."""
    value = float(one.estimates()[estimator] - other.estimates()[estimator])
    error, interval = spread_of(one.replicated()[:, estimator] - other.replicated()[:, estimator])
    return Estimate(value, error, interval, Interval(math.nan, math.nan))


def spread_of(replicates: Floats) -> tuple[float, Interval]:
    """Return standard error and percentile interval of an estimate's replicates (200,).

    >>> spread_of(np.arange(200.0))[1].covers(100.0)
    True
    """
    found = replicates[np.isfinite(replicates)]
    if len(found) < len(replicates) // 2:  # so few decisions that most replicates have none
        return math.nan, Interval(math.nan, math.nan)
    tail = (1.0 - CONFIDENCE) / 2.0
    # Between order statistics as the probability of a new draw says; the usual way covers 94 % of 200.
    low, high = np.quantile(found, (tail, 1.0 - tail), method="weibull").tolist()
    return float(found.std(ddof=1)), Interval(low, high)


def bernstein_half(variance: float, width: float, count: int) -> float:
    """Return half of the 95 % empirical Bernstein interval of a mean of terms within ``width``.

    >>> round(bernstein_half(variance=0.25, width=1.0, count=10_000), 4)
    0.0158

    Source: Maurer & Pontil (2009), "Empirical Bernstein bounds and sample variance penalization",
    theorem 4, for both sides.
    """
    if count < 2:
        return math.inf
    log = math.log(4.0 / (1.0 - CONFIDENCE))
    return math.sqrt(2.0 * variance * log / count) + 7.0 * width * log / (3.0 * (count - 1))


def effective_size(weights: Floats) -> float:
    """Return how many decisions of the target policy itself weights (Σ w, Σ w², …) are worth.

    Source: Kish (1965), "Survey sampling".
    """
    return float(weights[0] ** 2 / weights[1]) if weights[1] > 0.0 else 0.0


def doubts(sums: Sums, kind: int = 0) -> list[str]:
    """Return what to doubt, in words; ``kind`` is 0 for the first slot, 1 for whole slates."""
    weights, count = sums.weights[kind], sums.decisions
    if count == 0:
        return ["no decision was judged"]
    found = []
    size = effective_size(weights)
    if size < EFFECTIVE_MIN:
        found.append(
            f"thin support: {count:,} decisions are worth {size:,.0f} of this policy's own; log longer, or "
            "judge a policy nearer to the one that ran"
        )
    share = float(weights[2] / weights[0]) if weights[0] > 0.0 else 1.0
    if share > DOMINANT:
        found.append(f"one decision has {share:.0%} of all weight: look at the intervals, not at the values")
    mean = float(weights[0]) / count
    error = math.sqrt(max(float(weights[1]) / count - mean * mean, 0.0) / count)
    if kind == 0 and abs(mean - 1.0) > STRAY * error + 1e-9:  # products are too skewed to be tested so
        found.append(
            f"weights have mean {mean:.3f}, expected 1 within {STRAY * error:.3f}: the log's propensities or "
            "candidates are not what was drawn from, or it lacks what this policy chooses"
        )
    return found


def _bernstein(sums: Sums, estimator: int, width: float) -> Interval:
    if math.isinf(width) or sums.decisions < 2:
        return Interval(math.nan, math.nan)
    count = sums.decisions
    mean = float(sums.totals[estimator, 0] + sums.totals[estimator, 1]) / count
    variance = max(float(sums.squares[estimator]) / count - mean * mean, 0.0) * count / (count - 1)
    half = bernstein_half(variance, width, count)
    return Interval(mean - half, mean + half)
