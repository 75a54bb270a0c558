"""LinUCB: the best of what could well be, given how little is known."""

import math
from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from bandits.policy import NO_DRAWS, Floor, Rule, favour_best
from bandits.ranges import check_ranges
from numeric.arrays import Floats
from numeric.exact import exp, log
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
    fade: Annotated[
        float,
        Meta(ge=0, le=1, description="alpha shrinks as the rows learned from to this power; try 0.25"),
    ] = 0.0

    wants_variance: ClassVar[bool] = True
    draws: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check_ranges(self)

    def at(self, rows: float) -> "LinUcb":
        """Return the policy as it is once so many rows were learned from: alpha · (1 + rows)^−fade.

        A bound that holds in every round at once stays wide; what is earned on the way wants one that
        holds in most. Rows fade with the half-life, so a policy that forgets goes on exploring.

        >>> LinUcb(alpha=1.0, fade=0.25).at(rows=9_999.0)
        LinUcb(alpha=0.1..., floor=0.05, fade=0.0)
        """
        if self.fade == 0.0:
            return self
        return replace(self, alpha=self.alpha * exp(-self.fade * log(1.0 + rows)), fade=0.0)

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
