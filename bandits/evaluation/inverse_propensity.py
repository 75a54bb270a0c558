"""Inverse propensity scoring of the first slot: plain, clipped, self-normalised."""

from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from bandits.evaluation.judged import Judged, Terms
from bandits.ranges import check_ranges


class Ips(Struct, frozen=True):
    """Weigh every reward by how much likelier the target policy was to draw its track.

    >>> one = np.ones((1, 1))
    >>> Ips().terms(Judged(ratio=3 * one, reward=one / 2, expected=one, value=one)).weighted
    array([1.5])

    Unbiased; its variance grows with the largest ratios.
    Source: Horvitz & Thompson (1952); Strehl, Langford, Li & Kakade (2010), "Learning from logged
    implicit exploration data".
    """

    def terms(self, judged: Judged) -> Terms:
        """Return ratio × reward."""
        weighted = judged.ratio[:, 0] * judged.reward[:, 0]
        return Terms(np.zeros_like(weighted), weighted, np.ones_like(weighted))

    def width(self, bound: float) -> float:
        """Terms are in [0, bound]."""
        return bound


class ClippedIps(Struct, frozen=True):
    """As `Ips`, with no ratio above ``limit``: biased low, with less variance.

    >>> one = np.ones((1, 1))
    >>> ClippedIps(limit=2.0).terms(Judged(3 * one, one / 2, one, one)).weighted
    array([1.])

    Source: Ionides (2008), "Truncated importance sampling".
    """

    limit: Annotated[float, Meta(gt=0, description="largest ratio")] = 10.0

    def __post_init__(self) -> None:
        check_ranges(self)

    def terms(self, judged: Judged) -> Terms:
        """Return min(ratio, limit) × reward."""
        weighted = np.minimum(judged.ratio[:, 0], self.limit) * judged.reward[:, 0]
        return Terms(np.zeros_like(weighted), weighted, np.ones_like(weighted))

    def width(self, bound: float) -> float:
        """Terms are in [0, min(bound, limit)]."""
        return min(bound, self.limit)


class Snips(Struct, frozen=True):
    """As `Ips`, over the sum of ratios instead of the number of decisions.

    >>> two = np.ones((2, 1))
    >>> Snips().terms(Judged(np.array([[3.0], [1.0]]), two, two, two)).weight
    array([3., 1.])

    A little biased, and always within the rewards seen: choose it when there is no reward model.
    Source: Swaminathan & Joachims (2015), "The self-normalized estimator for counterfactual learning".
    """

    def terms(self, judged: Judged) -> Terms:
        """Return ratio × reward, and the ratio."""
        ratio = judged.ratio[:, 0]
        return Terms(np.zeros_like(ratio), ratio * judged.reward[:, 0], ratio)

    def width(self, bound: float) -> float:  # noqa: ARG002
        """A quotient of sums is no mean of terms."""
        return np.inf
