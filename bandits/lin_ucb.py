"""LinUCB: the best of what could well be, given how little is known."""

import math
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from bandits.policy import NO_DRAWS, Floor, Rule, favour_best
from bandits.ranges import check_ranges
from numeric.arrays import Floats
from numeric.jit import kernel

KIND = 3


class LinUcb(Rule, frozen=True, tag="lin_ucb"):
    """Favour the largest mean + ``alpha`` · √variance; spread ``floor`` over all.

    The variance is xᵀ A⁻¹ x, so a candidate about whose columns nothing was learned has the bonus
    alpha · √(xᵀx / λ), λ being the prior's precision.

    >>> LinUcb(alpha=1.0, floor=0.2).probabilities(np.array([0.5, 0.4]), np.array([0.0, 0.04]))
    array([0.1, 0.9])

    Shapes: mean, variance and result (m,), over the candidates that remain for this slot.
    Source: Li, Chu, Langford & Schapire (2010), "A contextual-bandit approach to personalized news
    article recommendation", algorithm 1.
    """

    alpha: Annotated[float, Meta(ge=0, le=1_000, description="standard deviations added to the mean")] = 0.5
    floor: Floor = 0.05

    wants_variance: ClassVar[bool] = True
    draws: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def compiled(self) -> tuple[int, float, float]:
        """Kind and settings for the slate's kernel."""
        return KIND, self.floor, self.alpha

    def probabilities(
        self,
        mean: Floats,
        variance: Floats,
        deviations: Floats = NO_DRAWS,  # noqa: ARG002
    ) -> Floats:
        """Return 1 − floor + floor/m for the first of the largest upper bounds, floor/m for the others."""
        index, out = np.empty(len(mean)), np.empty(len(mean))
        upper_bounds(mean, variance, self.alpha, index)
        favour_best(index, self.floor, out)
        return out


@kernel
def upper_bounds(mean: Floats, variance: Floats, alpha: float, out: Floats) -> None:
    """Write mean + alpha · √variance of each (m,)."""
    for i in range(len(mean)):
        out[i] = mean[i] + alpha * math.sqrt(variance[i])
