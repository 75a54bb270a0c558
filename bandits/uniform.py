"""Uniform: every remaining candidate is as likely as any other; the log that judges all policies."""

from typing import ClassVar

import numpy as np

from bandits.policy import NO_DRAWS, Rule
from numeric.arrays import Floats
from numeric.jit import kernel

KIND = 1


class Uniform(Rule, frozen=True, tag="uniform"):
    """Draw every slot evenly from what remains.

    >>> Uniform().probabilities(np.array([0.1, 0.7]), np.zeros(2))
    array([0.5, 0.5])

    Shapes: mean and result (m,), over the candidates that remain for this slot.
    """

    wants_variance: ClassVar[bool] = False
    draws: ClassVar[int] = 0

    @property
    def compiled(self) -> tuple[int, float, float]:
        """Kind and settings for the slate's kernel."""
        return KIND, 0.0, 0.0

    def probabilities(
        self,
        mean: Floats,
        variance: Floats,  # noqa: ARG002
        deviations: Floats = NO_DRAWS,  # noqa: ARG002
    ) -> Floats:
        """Return 1/m for each."""
        out = np.empty(len(mean))
        uniform_shares(out)
        return out


@kernel
def uniform_shares(out: Floats) -> None:
    """Write 1/m to each of m places."""
    even = 1.0 / len(out)
    for i in range(len(out)):
        out[i] = even
