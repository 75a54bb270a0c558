"""Softmax: the better the expected reward, the likelier, by a temperature."""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from bandits.policy import NO_DRAWS, Floor, Rule
from bandits.ranges import check_ranges
from numeric.arrays import Floats, Indices
from numeric.exact import LN2
from numeric.jit import kernel
from numeric.powers import split_exp2
from numeric.strands import total

KIND = 4


class Softmax(Rule, frozen=True, tag="softmax"):
    """Draw by exp(mean / ``temperature``); spread ``floor`` over all.

    >>> Softmax(temperature=0.1, floor=0.01).probabilities(np.array([0.1, 0.3]), np.zeros(2)).round(3)
    array([0.123, 0.877])

    Shapes: mean and result (m,), over the candidates that remain for this slot. Slots drawn one after
    the other this way, without the floor, are a Plackett–Luce ranking.
    Source: Sutton & Barto (2018), section 2.8; Plackett (1975), "The analysis of permutations".
    """

    temperature: Annotated[
        float,
        Meta(
            ge=1e-6,
            le=1e6,
            description="expected reward by which a candidate is e times as likely",
            extra={"otherwise": "small is greedy, large is uniform; try 0.05"},
        ),
    ] = 0.05
    floor: Floor = 0.02

    wants_variance: ClassVar[bool] = False
    draws: ClassVar[int] = 0

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def compiled(self) -> tuple[int, float, float]:
        """Kind and settings for the slate's kernel."""
        return KIND, self.floor, self.temperature

    def probabilities(
        self,
        mean: Floats,
        variance: Floats,  # noqa: ARG002
        deviations: Floats = NO_DRAWS,  # noqa: ARG002
    ) -> Floats:
        """Return (1 − floor) · exp(mean / temperature) / Σ + floor/m for each."""
        fraction, exponent = np.empty(len(mean)), np.empty(len(mean), np.int64)
        out = np.empty(len(mean))
        split_weights(mean, self.temperature, fraction, exponent)
        softmax_shares(fraction, exponent, self.floor, out)
        return out


@kernel
def split_weights(mean: Floats, temperature: float, fraction: Floats, exponent: Indices) -> None:
    """Write exp(mean / temperature) as fraction · 2^exponent.

    Split so, the weights of a slot relative to the best that remains are one exact multiplication each:
    a slate needs one exponential per candidate, not one per candidate and slot, and cannot run dry
    when its best are gone.
    """
    scale = temperature * LN2
    for i in range(len(mean)):
        fraction[i], exponent[i] = split_exp2(mean[i] / scale)


@kernel
def softmax_shares(fraction: Floats, exponent: Indices, floor: float, out: Floats) -> None:
    """Write the share of each fraction · 2^exponent (m,), mixed with the floor."""
    count = len(fraction)
    top = exponent[0]
    for i in range(count):
        top = max(top, exponent[i])
    bits = out.view(np.int64)
    for i in range(count):  # 2^(exponent − top) by its bits; 0 from 2^−1023 on
        bits[i] = (1023 - min(top - exponent[i], 1023)) << 52
    for i in range(count):
        out[i] *= fraction[i]
    scale = (1.0 - floor) / total(out)
    even = floor / count
    for i in range(count):
        out[i] = scale * out[i] + even
