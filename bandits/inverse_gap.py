"""Inverse-gap weighting: a candidate is explored the less, the further it is behind the best."""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from bandits.policy import NO_DRAWS, Floor, Rule
from bandits.ranges import check_ranges
from numeric.arrays import Floats
from numeric.exact import exp, log
from numeric.jit import kernel
from numeric.strands import first_largest, total

KIND = 5


class InverseGap(Rule, frozen=True, tag="inverse_gap"):
    """Draw each but the best with 1 / (m + ``gamma`` · gap), the best with what is left (SquareCB).

    >>> InverseGap(gamma=10.0, floor=0.01).probabilities(np.array([0.1, 0.3]), np.zeros(2)).round(4)
    array([0.2525, 0.7475])

    Shapes: mean and result (m,), over the candidates that remain for this slot.
    Source: Foster & Rakhlin (2020), "Beyond UCB: optimal and efficient contextual bandits with
    regression oracles", algorithm 1 with μ = m.
    """

    gamma: Annotated[
        float,
        Meta(
            ge=0,
            le=1e9,
            description="how fast exploration ends as the gap grows; 0 is uniform",
            extra={"otherwise": "try 10 times the number of candidates"},
        ),
    ] = 1_000.0
    floor: Floor = 0.01
    growth: Annotated[
        float,
        Meta(
            ge=0, le=1, description="gamma grows as the rows learned from to this power; 0.5 is the theory's"
        ),
    ] = 0.0

    wants_variance: ClassVar[bool] = False
    draws: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check_ranges(self)

    def at(self, rows: float) -> "InverseGap":
        """Return the policy as it is once so many rows were learned from: gamma · (1 + rows)^growth.

        >>> InverseGap(gamma=10.0, growth=0.5).at(rows=99.0)
        InverseGap(gamma=99.9999..., floor=0.01, growth=0.0)

        Source: Foster & Rakhlin (2020), theorem 1: γ of the order √(rounds · candidates).
        """
        if self.growth == 0.0:
            return self
        return replace(self, gamma=min(self.gamma * exp(self.growth * log(1.0 + rows)), 1e9), growth=0.0)

    @property
    def compiled(self) -> tuple[int, float, float]:
        """Kind and settings for the slate's kernel."""
        return KIND, self.floor, self.gamma

    def probabilities(
        self,
        mean: Floats,
        variance: Floats,  # noqa: ARG002
        deviations: Floats = NO_DRAWS,  # noqa: ARG002
    ) -> Floats:
        """Return the inverse-gap probabilities, mixed with the floor."""
        out = np.empty(len(mean))
        inverse_gap_shares(mean, self.gamma, self.floor, out)
        return out


@kernel
def inverse_gap_shares(mean: Floats, gamma: float, floor: float, out: Floats) -> None:
    """Write 1 / (m + gamma · gap) for all but the first of the best, which gets the rest; mix the floor."""
    count = len(mean)
    best = first_largest(mean)
    top = mean[best]
    for i in range(count):
        out[i] = 1.0 / (count + gamma * (top - mean[i]))
    out[best] = 0.0
    out[best] = 1.0 - total(out)
    even = floor / count
    for i in range(count):
        out[i] = (1.0 - floor) * out[i] + even
