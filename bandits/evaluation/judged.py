"""Judged: decisions of a log as a target policy and a reward model see them."""

from typing import NamedTuple, Protocol

import numpy as np

from numeric.arrays import Floats


class Judged(NamedTuple):
    """What estimators need of n decisions with up to K slots; all shapes are (n, K).

    A slot that a slate does not have holds ratio 1 and nothing else but zeros: it says nothing.
    """

    ratio: Floats  # the target's probability of the slot's track, given those above, over its propensity
    reward: Floats  # in [0, 1]; 0 where the listener did not look
    expected: Floats  # what the reward model expects of the track shown
    value: Floats  # what it expects of this slot under the target policy, given the tracks above

    @property
    def weight(self) -> Floats:
        """The importance weight of the slates down to each slot: the product of their ratios, (n, K)."""
        return np.multiply.accumulate(self.ratio, axis=1)


class Terms(NamedTuple):
    """What each of n decisions adds to an estimate: mean(direct) + Σ weighted / Σ weight; shapes (n,)."""

    direct: Floats
    weighted: Floats
    weight: Floats


class Estimator(Protocol):
    """Turns judged decisions into terms whose sums are an estimate of the target policy's reward.

    To add one: a struct in a file here, and its name in `bandits.evaluation.ESTIMATORS`.
    """

    def terms(self, judged: Judged) -> Terms:
        """Return what each decision adds."""

    def width(self, bound: float) -> float:
        """Return the length of the interval that a decision's term must lie in, if no ratio passes ``bound``.

        Infinity where the estimate is no mean of independent terms, or has no useful bound.
        """
