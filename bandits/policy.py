"""Policy: what every policy answers, and the floor that all of them stand on."""

from typing import Annotated, Protocol

import numpy as np
from msgspec import Meta, Struct

from numeric.arrays import Floats
from numeric.jit import kernel
from numeric.strands import first_largest

NO_DRAWS: Floats = np.zeros((0, 0))

Floor = Annotated[
    float,
    Meta(
        gt=0,
        le=1,
        description="share of every slot that is spread evenly over the remaining candidates",
        extra={"otherwise": "unplayed candidates would have no propensity; try 0.05"},
    ),
]


class Rule(Struct, frozen=True, tag_field="name", forbid_unknown_fields=True):
    """What policies are made of: settings that cannot change, and a tag by which settings name them."""


class Policy(Protocol):
    """Maps what is known of the remaining candidates to one probability each.

    To add one: a file here and its name in `bandits.POLICIES`. A policy that also has a kernel says so
    by ``compiled`` (see `bandits.slate`); without it, slates are drawn through `probabilities`.
    """

    @property
    def wants_variance(self) -> bool:
        """Whether the variance of each candidate's mean has to be known."""

    @property
    def draws(self) -> int:
        """How many draws from the posterior have to be made for one decision."""

    def probabilities(self, mean: Floats, variance: Floats, deviations: Floats = NO_DRAWS) -> Floats:
        """Return the probability of each remaining candidate: > 0, with sum 1.

        Shapes: mean, variance (where wanted) and result (m,); deviations (draws, m). Candidates stand in
        the caller's order, and the first of several equals is taken for the best: order them by track key.
        """


def as_of(policy: Policy, rows: float) -> Policy:
    """Return the policy as it is once its version has learned from so many rows.

    A policy with a schedule has a method ``at`` that says so; any other stays as it is.
    """
    at = getattr(policy, "at", None)
    if at is None:
        return policy
    then: Policy = at(rows)
    return then


@kernel
def favour_best(index: Floats, floor: float, out: Floats) -> None:
    """Give the first of the largest all but the floor; spread the floor over all (m,)."""
    even = floor / len(index)
    for i in range(len(index)):
        out[i] = even
    out[first_largest(index)] = 1.0 - floor + even
