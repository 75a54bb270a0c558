"""ε-greedy: the best expected reward, but for a share of slots drawn evenly."""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from bandits.policy import NO_DRAWS, Rule, favour_best
from bandits.ranges import check_ranges
from numeric.arrays import Floats

KIND = 2


class EpsilonGreedy(Rule, frozen=True, tag="epsilon_greedy"):
    """Favour the best expected reward; explore with probability ``epsilon``.

    >>> EpsilonGreedy(epsilon=0.2).probabilities(mean=np.array([0.1, 0.7]), variance=np.zeros(2))
    array([0.1, 0.9])

    The best of the m remaining candidates has 1 − ε + ε/m in every slot, the others ε/m.
    Shapes: mean and result (m,), over the candidates that remain for this slot.
    Source: Sutton & Barto (2018), section 2.2.
    """

    epsilon: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="share of every slot that is drawn evenly from the remaining candidates",
            extra={"otherwise": "unplayed arms would have no propensity; try 0.01"},
        ),
    ] = 0.05

    wants_variance: ClassVar[bool] = False
    draws: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def compiled(self) -> tuple[int, float, float]:
        """Kind and settings for the slate's kernel."""
        return KIND, self.epsilon, 0.0

    def probabilities(
        self,
        mean: Floats,
        variance: Floats,  # noqa: ARG002
        deviations: Floats = NO_DRAWS,  # noqa: ARG002
    ) -> Floats:
        """Return 1 − ε + ε/m for the first of the best, ε/m for the others."""
        out = np.empty(len(mean))
        favour_best(mean, self.epsilon, out)
        return out
