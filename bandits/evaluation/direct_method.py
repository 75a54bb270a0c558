"""The direct method: believe the reward model."""

import numpy as np
from msgspec import Struct

from bandits.evaluation.judged import Judged, Terms


class DirectMethod(Struct, frozen=True):
    """Average what the reward model expects of the target policy's first slot; never asks what was earned.

    >>> one = np.ones((1, 1))
    >>> DirectMethod().terms(Judged(one, one, one, value=one / 4)).direct
    array([0.25])

    As biased as the model, and of the least variance.
    Source: Dudík, Langford & Li (2011), "Doubly robust policy evaluation and learning", section 2.1.
    """

    def terms(self, judged: Judged) -> Terms:
        """Return the model's value of each decision."""
        value = judged.value[:, 0]
        return Terms(value, np.zeros_like(value), np.ones_like(value))

    def width(self, bound: float) -> float:  # noqa: ARG002
        """Expected rewards are in [0, 1]."""
        return 1.0
