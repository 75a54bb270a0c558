"""Versions: ridge regression as the books have it, compared with dense algebra."""

import numpy as np
import pytest

from bandits.lin_ucb import LinUcb
from bandits.merge import merged
from bandits.prediction import factor_of
from bandits.thompson import Thompson
from bandits.uniform import Uniform
from bandits.version import make_version
from tests.bandits.making import HOUR_MS, START_MS, crossed, dense, empty, feedback, folded, log_of


@pytest.mark.compiled
@pytest.mark.parametrize("prior", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("half_life_ms", [0, 24 * HOUR_MS])
def test_means_and_variances_are_those_of_ridge_regression(prior: float, half_life_ms: int) -> None:
    """Mean is xᵀ A⁻¹ b and variance xᵀ A⁻¹ x with A = λI + E, to 1e-9, at 357 features."""
    rng = np.random.default_rng(1)
    like = empty(21, 17, half_life_ms)
    evidence = folded(like, log_of(rng, like, count=80, hours=100))
    asked = feedback(rng, like, slots=300)

    known = make_version([evidence], prior).predict(asked.context[0], asked.columns, LinUcb())

    squares, total = dense(evidence)
    fade = 2.0 ** ((evidence.landmark_ms - evidence.newest_ms) / half_life_ms) if half_life_ms else 1.0
    inverse = np.linalg.inv(prior * np.eye(len(total)) + fade * squares)
    x = crossed(asked.context[0], asked.columns)
    np.testing.assert_allclose(known.mean, x @ inverse @ (fade * total), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(known.variance, np.einsum("ki,ij,kj->k", x, inverse, x), rtol=1e-9)


def test_a_version_that_learned_nothing_knows_only_its_prior() -> None:
    """At n = 0 every mean is 0 and every variance xᵀx / λ."""
    rng = np.random.default_rng(2)
    asked = feedback(rng, empty(), slots=5)

    known = make_version([empty()], prior=4.0).predict(asked.context[0], asked.columns, LinUcb())

    assert (known.mean == 0.0).all()
    np.testing.assert_allclose(known.variance, (crossed(asked.context[0], asked.columns) ** 2).sum(1) / 4.0)


def test_a_cold_arm_has_the_bonus_of_the_prior() -> None:
    """LinUCB's index for what was never played is alpha · √(xᵀx / λ), however much the others were."""
    rng = np.random.default_rng(3)
    evidence = empty()
    for part in log_of(rng, evidence, count=50, hours=1):
        part.columns[:, 3] = 0.0
        evidence.fold(part)
    policy = LinUcb(alpha=0.7, floor=0.01)
    context = np.array([1.0, 0.5, -1.0], np.float32)
    cold = np.array([[0.0, 0.0, 0.0, 2.0]], np.float32)

    known = make_version([evidence], prior=4.0).predict(context, cold, policy)

    index = known.mean[0] + policy.alpha * np.sqrt(known.variance[0])
    assert index == pytest.approx(0.7 * np.sqrt((1.0 + 0.25 + 1.0) * 4.0 / 4.0), rel=1e-12)


@pytest.mark.compiled
def test_contributions_sum_to_the_mean() -> None:
    """What each column adds is said for every candidate, to 1e-9 of the linear predictor."""
    rng = np.random.default_rng(4)
    like = empty(21, 17)
    version = make_version([folded(like, log_of(rng, like, count=60, hours=1))])
    asked = feedback(rng, like, slots=20)

    terms = np.array([version.contributions(asked.context[0], columns) for columns in asked.columns])

    mean = version.predict(asked.context[0], asked.columns, Uniform()).mean
    np.testing.assert_allclose(terms.sum(axis=1), mean, rtol=1e-9, atol=1e-12)
    assert (terms[asked.columns == 0.0] == 0.0).all()


def test_what_is_old_fades_towards_the_prior() -> None:
    """A thousand half-lives later a version knows nothing; one half-life halves its rows."""
    rng = np.random.default_rng(5)
    like = empty(half_life_ms=HOUR_MS)
    evidence = folded(like, [feedback(rng, like)])

    soon = make_version([evidence], at_ms=START_MS + HOUR_MS)
    late = make_version([evidence], prior=2.0, at_ms=START_MS + 1_200 * HOUR_MS)

    assert soon.rows == pytest.approx(5.0, rel=1e-12)
    assert (late.weights == 0.0).all()
    assert late.covariance[0].tolist() == make_version([empty()], prior=2.0).covariance[0].tolist()


def test_the_prior_enters_once_whatever_the_number_of_shards() -> None:
    """Three empty shards and a full one make the version of the full one alone."""
    rng = np.random.default_rng(6)
    full = folded(empty(), log_of(rng, empty(), count=9, hours=1))

    alone, joined = make_version([full]), make_version([empty(), full, empty(), empty()], name="0.1.0.0")

    assert (alone.weights == joined.weights).all()
    assert joined.name == "0.1.0.0"


@pytest.mark.compiled
def test_mean_does_not_depend_on_who_else_is_asked_for_what() -> None:
    """A candidate's mean and variance have the same bits alone, among a thousand, and for any policy."""
    rng = np.random.default_rng(7)
    like = empty(5, 6)
    version = make_version([folded(like, log_of(rng, like, count=30, hours=1))])
    asked = feedback(rng, like, slots=1_000)

    together = version.predict(asked.context[0], asked.columns, LinUcb())
    alone = [
        version.predict(asked.context[0], asked.columns[k : k + 1], LinUcb())
        for k in (0, 1, 2, 3, 255, 256, 999)
    ]

    assert [float(known.mean[0]) for known in alone] == together.mean[[0, 1, 2, 3, 255, 256, 999]].tolist()
    assert [float(known.variance[0]) for known in alone] == together.variance[
        [0, 1, 2, 3, 255, 256, 999]
    ].tolist()
    assert (version.predict(asked.context[0], asked.columns, Uniform()).mean == together.mean).all()


@pytest.mark.compiled
def test_posterior_draws_have_the_posterior_covariance() -> None:
    """Over many keyed draws, deviations average 0 and covary as X A⁻¹ Xᵀ."""
    rng = np.random.default_rng(8)
    like = empty(3, 4)
    evidence = folded(like, log_of(rng, like, count=2, hours=1))
    asked = feedback(rng, like, slots=3)
    version = make_version([evidence])
    policy = Thompson(draws=1_000)

    draws = np.concatenate(
        [version.predict(asked.context[0], asked.columns, policy, key).deviations for key in range(40)]
    )

    x = crossed(asked.context[0], asked.columns)
    expected = x @ np.linalg.inv(np.eye(12) + dense(evidence)[0]) @ x.T
    size = np.sqrt(np.diag(expected))
    assert np.abs(draws.mean(axis=0) / size).max() < 0.025
    assert np.abs((np.cov(draws.T) - expected) / np.outer(size, size)).max() < 0.035


def test_what_is_certain_does_not_deviate() -> None:
    """A covariance without a pivot, left so by rounding, has a factor with zeros there."""
    half_known = np.array([4.0, 2.0, 1.0 - 1e-17, 0.0, 0.0, 9.0])

    factor = factor_of(half_known, 3)

    assert factor.tolist() == [[2.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 3.0]]


def test_posterior_draws_belong_to_their_key() -> None:
    """The same key gives the same bits, another key others."""
    rng = np.random.default_rng(9)
    asked = feedback(rng, empty())
    version = make_version([empty()])

    one, again, other = (
        version.predict(asked.context[0], asked.columns, Thompson(), key).deviations
        for key in (5, 5, 2**64 - 1)
    )

    assert (one == again).all()
    assert (one != other).all()


def test_evidence_that_cannot_be_inverted_is_refused() -> None:
    """More erased than folded: the feature is named, and what to do."""
    rng = np.random.default_rng(10)
    evidence = empty()
    evidence.erase(feedback(rng, evidence))

    with pytest.raises(
        ValueError, match=r"not positive definite at feature \d+ \(one × one\): more was erased"
    ):
        make_version([evidence])
    with pytest.raises(ValueError, match=r"prior's precision is 0\.0, expected a positive number; try 1"):
        make_version([empty()], prior=0.0)


def test_a_version_says_what_it_cannot_predict() -> None:
    """Variances it was made without, and columns of another layout."""
    version = make_version([empty()], name="7", want_covariance=False)
    context, columns = np.ones(3, np.float32), np.ones((2, 4), np.float32)

    assert version.predict(context, columns, Uniform()).mean.tolist() == [0.0, 0.0]
    with pytest.raises(
        ValueError, match=r"LinUcb needs variances, version 7 was made without: make it with want"
    ):
        version.predict(context, columns, LinUcb())
    with pytest.raises(
        ValueError, match=r"columns \(2, 3\) do not fit version 7, expected \(3,\) and \(m, 4\)"
    ):
        version.predict(context, columns[:, :3], Uniform())


def test_a_merged_evidence_makes_the_version_of_its_shards() -> None:
    """Merging first and joining in the version are the same."""
    rng = np.random.default_rng(11)
    like = empty(half_life_ms=HOUR_MS)
    log = log_of(rng, like, count=20, hours=90)
    shards = [folded(like, log[::2]), folded(like, log[1::2])]

    assert (make_version(shards).weights == make_version([merged(shards)]).weights).all()
