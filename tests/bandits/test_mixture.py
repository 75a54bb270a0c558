"""A mixture for safe roll-out, and a policy whose exploration ends on a schedule."""

import numpy as np
import pytest
from msgspec.structs import replace

from bandits.epsilon_greedy import EpsilonGreedy
from bandits.evaluation.estimate import effective_size, estimates_of
from bandits.evaluation.inverse_propensity import Snips
from bandits.evaluation.judged import Judged
from bandits.evaluation.sums import Sums
from bandits.evaluation.target import along
from bandits.inverse_gap import InverseGap
from bandits.lin_ucb import LinUcb
from bandits.mixture import Mixture
from bandits.policy import as_of
from bandits.prediction import Prediction
from bandits.slate import draw
from bandits.softmax import Softmax
from bandits.thompson import Thompson
from bandits.uniform import Uniform
from pipelines.settings import load_settings
from pipelines.views import Views


def test_every_slot_is_a_mixture_of_what_both_would_draw() -> None:
    """Its probabilities are share · challenger + (1 − share) · champion, among whatever remains."""
    known = Prediction(np.array([0.3, 0.5, 0.1, 0.4]))
    challenger, champion = Softmax(temperature=0.2), EpsilonGreedy(0.1)
    slate = np.array([1, 3, 0])

    mixed, *alone = (
        along(policy, known, slate, known.mean)[0]
        for policy in (Mixture(0.3, challenger, champion), challenger, champion)
    )

    np.testing.assert_allclose(mixed, 0.3 * alone[0] + 0.7 * alone[1], rtol=1e-12)


@pytest.mark.parametrize(("share", "alone"), [(0.0, "champion"), (1.0, "challenger")])
def test_a_mixture_of_one_is_that_one(share: float, alone: str) -> None:
    """Nothing of the other is left at either end, draws and variances included."""
    mixture = Mixture(share, Thompson(draws=8), EpsilonGreedy(0.2))
    rng = np.random.default_rng(1)
    deviations = rng.normal(size=(8, 5))

    probabilities = mixture.probabilities(rng.random(5), np.zeros(0), deviations)

    rng = np.random.default_rng(1)
    rng.normal(size=(8, 5))
    expected = getattr(mixture, alone).probabilities(rng.random(5), np.zeros(0), deviations)
    np.testing.assert_allclose(probabilities, expected, rtol=1e-12)


@pytest.mark.compiled
def test_one_log_of_a_roll_out_judges_both() -> None:
    """From the slots of a mixture, estimates of challenger and champion are what each truly earns."""
    mean, truth = np.array([0.2, 0.5, 0.45, 0.3]), np.array([0.1, 0.4, 0.8, 0.3])
    known, rng, count = Prediction(mean), np.random.default_rng(2), 4_000
    mixture = Mixture(0.1, challenger=Softmax(temperature=0.1, floor=0.05), champion=EpsilonGreedy(0.05))
    drawn = [draw(mixture, known, slots=1, key=key) for key in range(count)]
    chosen = np.array([slate.chosen[0] for slate in drawn])
    propensity = np.array([slate.propensity[0] for slate in drawn])
    reward = (rng.random(count) < truth[chosen]).astype(float)

    for policy in (mixture.challenger, mixture.champion):
        shares = policy.probabilities(mean, np.zeros(4))
        sums = Sums([Snips()])
        columns = (shares[chosen] / propensity, reward, reward, reward)
        sums.add(Judged(*(part[:, None] for part in columns)), np.arange(count, dtype=np.uint64))
        (found,) = estimates_of(sums, float(propensity.min()))

        assert found.interval.covers(float(shares @ truth))
        assert effective_size(sums.weights[0]) > 200


def test_exploration_ends_on_schedule() -> None:
    """With growth ½, a hundred times the rows make γ ten times as large, and the best ten times as sure."""
    young, old = (as_of(InverseGap(gamma=20.0, growth=0.5), rows) for rows in (99.0, 9_999.0))
    mean = np.array([0.6, 0.5, 0.4])

    least = [policy.probabilities(mean, np.zeros(3))[2] - 0.01 / 3 for policy in (young, old)]

    assert least[0] / least[1] == pytest.approx(10, rel=0.1)
    assert as_of(Uniform(), 5.0) == Uniform()


def test_optimism_fades_on_schedule() -> None:
    """With fade ½, a hundred times the rows make LinUCB's α a tenth: doubt attracts no more."""
    young, old = (as_of(LinUcb(alpha=1.0, floor=0.01, fade=0.5), rows) for rows in (0.0, 99.0))
    mean, variance = np.array([0.6, 0.5]), np.array([0.0, 0.04])

    favoured = [int(policy.probabilities(mean, variance).argmax()) for policy in (young, old)]

    assert favoured == [1, 0]
    assert isinstance(old, LinUcb)
    assert old.alpha == pytest.approx(0.1)
    assert as_of(LinUcb(alpha=0.5), 99.0) == LinUcb(alpha=0.5)


def test_the_version_in_use_sets_the_schedule() -> None:
    """Views change the policy together with its version, inside of a mixture too."""
    settings = load_settings(
        policy={"name": "mixture", "champion": {"name": "inverse_gap", "gamma": 10.0, "growth": 1.0}}
    )
    views = Views(settings)
    before = views.policy

    views.version = replace(views.version, rows=99.0)

    assert isinstance(before, Mixture)
    assert isinstance(views.policy, Mixture)
    assert isinstance(before.champion, InverseGap)
    assert isinstance(views.policy.champion, InverseGap)
    assert before.champion.gamma == pytest.approx(10.0)
    assert views.policy.champion.gamma == pytest.approx(1_000.0)
