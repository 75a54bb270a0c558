"""The target policy's probabilities along a slate that was drawn."""

import numpy as np
import pytest

from bandits import POLICIES
from bandits.evaluation.target import along
from bandits.policy import Policy
from bandits.prediction import Prediction
from bandits.slate import draw


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_finds_its_own_propensities(name: str) -> None:
    """Along a slate that a policy has drawn, its probabilities are the slate's propensities, bit for bit."""
    policy: Policy = POLICIES[name]()
    rng = np.random.default_rng(4)
    known = Prediction(rng.random(12), rng.random(12), rng.normal(size=(policy.draws, 12)))
    slate = draw(policy, known, slots=6, key=9)

    probability, _ = along(policy, known, slate.chosen, known.mean)

    assert probability.tolist() == slate.propensity.tolist()


def test_expectations_are_over_what_remains() -> None:
    """The value of a slot is the policy's mean over the tracks that are not above it."""
    known = Prediction(np.zeros(3))

    _, value = along(POLICIES["uniform"](), known, np.array([2, 0]), np.array([0.1, 0.3, 0.8]))

    np.testing.assert_allclose(value, [0.4, 0.2])
