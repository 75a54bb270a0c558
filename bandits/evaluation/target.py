"""How likely a policy would have been to draw the slate that another one drew."""

import numpy as np

from bandits.policy import Policy
from bandits.prediction import Prediction
from numeric.arrays import Floats, Indices


def along(policy: Policy, known: Prediction, slate: Indices, expected: Floats) -> tuple[Floats, Floats]:
    """Follow a slate down its slots; return the policy's probability of each, and its expected reward there.

    ``slate`` (K,) are places among the m candidates of ``known``, ``expected`` (m,) what each is expected
    to earn. Probability and expectation (K,) are given the slots above: each slot's probabilities are
    the policy's over the candidates that remain, as `bandits.slate.draw` draws them.

    >>> from bandits.epsilon_greedy import EpsilonGreedy
    >>> known = Prediction(np.array([0.2, 0.9, 0.4]))
    >>> probability, value = along(EpsilonGreedy(0.3), known, np.array([2, 1]), np.array([0.0, 1.0, 0.0]))
    >>> probability.round(3), value.round(3)
    (array([0.1 , 0.85]), array([0.8 , 0.85]))
    """
    remaining = np.arange(len(known.mean))
    probability, value = np.empty(len(slate)), np.empty(len(slate))
    for slot, track in enumerate(slate):
        shares = policy.probabilities(
            known.mean[remaining],
            known.variance[remaining] if policy.wants_variance else known.variance,
            known.deviations[:, remaining] if policy.draws else known.deviations,
        )
        place = int(np.searchsorted(remaining, track))
        probability[slot] = shares[place]
        value[slot] = shares @ expected[remaining]
        remaining = np.delete(remaining, place)
    return probability, value
