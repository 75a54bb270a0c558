"""A mixture of two policies: a share of all slots to a challenger, the rest to the champion."""

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from bandits.epsilon_greedy import EpsilonGreedy
from bandits.inverse_gap import InverseGap
from bandits.lin_ucb import LinUcb
from bandits.policy import NO_DRAWS, Policy, Rule, as_of
from bandits.ranges import check_ranges
from bandits.softmax import Softmax
from bandits.thompson import Thompson
from bandits.uniform import Uniform
from numeric.arrays import Floats

Simple = Uniform | EpsilonGreedy | Softmax | LinUcb | InverseGap | Thompson


class Mixture(Rule, frozen=True, tag="mixture"):
    """Draw each slot by the challenger with probability ``share``, else by the champion.

    For a safe roll-out: the challenger shows itself in a share of the slots, and since every propensity
    is of the whole mixture, the log judges both (`bandits.evaluation`).

    >>> mixture = Mixture(0.2, challenger=Uniform(), champion=EpsilonGreedy(0.1))
    >>> mixture.probabilities(mean=np.array([0.1, 0.7]), variance=np.zeros(2))
    array([0.14, 0.86])

    Shapes: mean, variance and result (m,), deviations (draws, m), over the candidates that remain.
    Source: Schnabel, Bennett, Dumais & Joachims (2018), "Short-term satisfaction and long-term coverage";
    exact mixtures of propensities as in Agarwal et al. (2017), "Effective evaluation using logged bandit
    feedback from multiple loggers".
    """

    share: Annotated[float, Meta(ge=0, le=1, description="of the slots that the challenger draws")] = 0.05
    challenger: Simple = Uniform()
    champion: Simple = InverseGap()

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def wants_variance(self) -> bool:
        """Whether either wants it."""
        return self.challenger.wants_variance or self.champion.wants_variance

    @property
    def draws(self) -> int:
        """As many as the one that wants more; the other takes the first of them."""
        return max(self.challenger.draws, self.champion.draws)

    def at(self, rows: float) -> "Mixture":
        """Return the mixture of both as they are once so many rows were learned from."""
        return replace(self, challenger=as_of(self.challenger, rows), champion=as_of(self.champion, rows))

    def probabilities(self, mean: Floats, variance: Floats, deviations: Floats = NO_DRAWS) -> Floats:
        """Return share · challenger + (1 − share) · champion."""
        challenger, champion = (
            _asked(policy, mean, variance, deviations) for policy in (self.challenger, self.champion)
        )
        mixed: Floats = self.share * challenger + (1.0 - self.share) * champion
        return mixed


def _asked(policy: Policy, mean: Floats, variance: Floats, deviations: Floats) -> Floats:
    return policy.probabilities(mean, variance, deviations[: policy.draws])
