"""Doubly robust estimators of the first slot: the reward model, corrected by what was really earned."""

import math
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct

from bandits.evaluation.judged import Judged, Terms
from bandits.ranges import check_ranges
from numeric.arrays import Floats


def corrected(judged: Judged, weight: Floats) -> Terms:
    """Return the model's value, and ``weight`` (n,) × how far the reward is from what the model expected."""
    surprise = judged.reward[:, 0] - judged.expected[:, 0]
    return Terms(judged.value[:, 0], weight * surprise, np.ones_like(weight))


class Dr(Struct, frozen=True):
    """Correct the reward model by ratio × (reward − expected).

    >>> one = np.ones((1, 1))
    >>> Dr().terms(Judged(ratio=2 * one, reward=one, expected=one / 2, value=one / 4))
    Terms(direct=array([0.25]), weighted=array([1.]), weight=array([1.]))

    Unbiased whatever the model; the better it is, the less the variance: the first choice with a model.
    Source: Dudík, Langford & Li (2011), "Doubly robust policy evaluation and learning".
    """

    def terms(self, judged: Judged) -> Terms:
        """Return value and ratio × surprise."""
        return corrected(judged, judged.ratio[:, 0])

    def width(self, bound: float) -> float:
        """Value is in [0, 1], the correction in [−bound, bound]."""
        return 1.0 + 2.0 * bound


class Sndr(Struct, frozen=True):
    """As `Dr`, the corrections over the sum of ratios.

    >>> one = np.ones((1, 1))
    >>> Sndr().terms(Judged(2 * one, one, one / 2, one / 4)).weight
    array([2.])

    Source: Thomas & Brunskill (2016), "Data-efficient off-policy policy evaluation", section 4.
    """

    def terms(self, judged: Judged) -> Terms:
        """Return value, ratio × surprise, and the ratio."""
        return corrected(judged, judged.ratio[:, 0])._replace(weight=judged.ratio[:, 0])

    def width(self, bound: float) -> float:  # noqa: ARG002
        """A quotient of sums is no mean of terms."""
        return math.inf


class SwitchDr(Struct, frozen=True):
    """As `Dr` where the ratio is at most ``limit``; the model alone beyond.

    >>> one = np.ones((1, 1))
    >>> SwitchDr(limit=1.0).terms(Judged(2 * one, one, one / 2, one / 4)).weighted
    array([0.])

    Source: Wang, Agarwal & Dudík (2017), "Optimal and adaptive off-policy evaluation in contextual bandits".
    """

    limit: Annotated[float, Meta(gt=0, description="largest ratio that corrects")] = 10.0

    def __post_init__(self) -> None:
        check_ranges(self)

    def terms(self, judged: Judged) -> Terms:
        """Return value and, up to the limit, ratio × surprise."""
        ratio = judged.ratio[:, 0]
        return corrected(judged, np.where(ratio <= self.limit, ratio, 0.0))

    def width(self, bound: float) -> float:
        """As of `Dr`, with the lesser bound."""
        return 1.0 + 2.0 * min(bound, self.limit)


class DrOs(Struct, frozen=True):
    """As `Dr`, each ratio w shrunk to λ w / (w² + λ): large ones towards 0, never above √λ / 2.

    >>> one = np.ones((1, 1))
    >>> DrOs(shrinkage=4.0).terms(Judged(2 * one, one, one / 2, one / 4)).weighted
    array([0.5])

    Source: Su, Dimakopoulou, Krishnamurthy & Dudík (2020), "Doubly robust off-policy evaluation with
    shrinkage".
    """

    shrinkage: Annotated[float, Meta(gt=0, description="λ: infinite is DR, 0 the model alone")] = 400.0

    def __post_init__(self) -> None:
        check_ranges(self)

    def terms(self, judged: Judged) -> Terms:
        """Return value and shrunk ratio × surprise."""
        ratio = judged.ratio[:, 0]
        return corrected(judged, self.shrinkage * ratio / (ratio * ratio + self.shrinkage))

    def width(self, bound: float) -> float:
        """As of `Dr`, with the lesser bound."""
        return 1.0 + 2.0 * min(bound, math.sqrt(self.shrinkage) / 2.0)
