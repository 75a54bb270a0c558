"""Thompson sampling: each candidate is drawn as often as it is believed to be the best."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from bandits.policy import NO_DRAWS, Floor, Rule
from bandits.ranges import check_ranges
from numeric.arrays import Floats, Indices
from numeric.jit import kernel
from numeric.strands import first_largest

KIND = 6


class Thompson(Rule, frozen=True, tag="thompson"):
    """Draw each candidate with the share of posterior draws that it wins; spread ``floor`` over all.

    The draws are made once for a decision, from its key; given them, the shares are exact propensities.
    A row of ``deviations`` is one joint draw of all candidates' deviations from their means, so
    candidates that share columns deviate together.

    >>> three = np.array([[0.0, 0.0], [0.0, 0.5], [0.2, 0.1]])
    >>> Thompson(draws=3, floor=0.02).probabilities(np.array([0.5, 0.4]), np.zeros(2), three).round(2)
    array([0.66, 0.34])

    Shapes: mean and result (m,), deviations (draws, m), over the candidates that remain for this slot.
    Source: Agrawal & Goyal (2013), "Thompson sampling for contextual bandits with linear payoffs".
    """

    draws: Annotated[
        int, Meta(ge=1, le=1_024, description="posterior draws per decision; shares are multiples of 1/draws")
    ] = 32
    spread: Annotated[
        float,
        Meta(ge=0, le=1_000, description="standard deviation of a reward about its mean; scales the draws"),
    ] = 0.4
    floor: Floor = 0.05

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def wants_variance(self) -> bool:
        """Draws are made from the posterior itself."""
        return False

    @property
    def compiled(self) -> tuple[int, float, float]:
        """Kind and settings for the slate's kernel."""
        return KIND, self.floor, self.spread

    def probabilities(
        self,
        mean: Floats,
        variance: Floats,  # noqa: ARG002
        deviations: Floats = NO_DRAWS,
    ) -> Floats:
        """Return (1 − floor) · share of draws won + floor/m for each."""
        wins, out = np.zeros(len(mean), np.int64), np.empty(len(mean))
        for draw in sampled(mean, deviations, self.spread):
            wins[first_largest(draw)] += 1
        thompson_shares(wins, len(deviations), self.floor, out)
        return out


@kernel
def sampled(mean: Floats, deviations: Floats, spread: float) -> Floats:
    """Return mean + spread · deviation of every draw (draws, m)."""
    out = np.empty(deviations.shape)
    for draw in range(len(deviations)):
        for i in range(len(mean)):
            out[draw, i] = mean[i] + spread * deviations[draw, i]
    return out


@kernel
def thompson_shares(wins: Indices, draws: int, floor: float, out: Floats) -> None:
    """Write the share of draws that each remaining candidate wins (m,), mixed with the floor."""
    even = floor / len(out)
    for i in range(len(out)):
        out[i] = (1.0 - floor) * (wins[i] / draws) + even


@kernel
def pass_on(draws: Floats, winner: Indices, gone: int, remaining: Indices, wins: Indices) -> None:
    """Give the draws that a candidate had won, now that it is gone, to the best that remain there.

    ``draws`` (draws, candidates) and ``winner`` (draws,) speak of all candidates, ``remaining`` and
    ``wins`` (m,) of those that remain.
    """
    for i in range(len(draws)):
        draws[i, gone] = -np.inf
        if winner[i] == gone:
            winner[i] = first_largest(draws[i])
            wins[np.searchsorted(remaining, winner[i])] += 1
