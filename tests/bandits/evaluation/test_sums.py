"""Sums over parts of a log, and what is said about them."""

import numpy as np
import pytest

from bandits.evaluation import ESTIMATORS
from bandits.evaluation.estimate import difference_of, doubts, effective_size, estimates_of
from bandits.evaluation.inverse_propensity import Ips
from bandits.evaluation.judged import Judged
from bandits.evaluation.sums import Names, Sums
from tests.bandits.evaluation.simulate import log_of, world_of


def made(decisions: int = 400, seed: int = 1) -> tuple[Judged, Names]:
    return log_of(world_of(seed), decisions, np.random.default_rng(seed))


def test_parts_of_a_log_add_up() -> None:
    """Sums of five parts, merged in another order, are the sums of the whole log to 1e-12."""
    judged, listeners = made()
    whole, merged = Sums(list(ESTIMATORS.values())), Sums(list(ESTIMATORS.values()))
    whole.add(judged, listeners)

    for part in reversed(np.array_split(np.arange(len(listeners)), 5)):
        sums = Sums(list(ESTIMATORS.values()))
        sums.add(Judged(*(values[part] for values in judged)), listeners[part])
        merged.merge(sums)

    assert merged.decisions == whole.decisions
    np.testing.assert_allclose(merged.estimates(), whole.estimates(), rtol=1e-12)
    np.testing.assert_allclose(merged.replicated(), whole.replicated(), rtol=1e-12)
    np.testing.assert_allclose(merged.weights, whole.weights, rtol=1e-12)


def test_other_estimators_do_not_add() -> None:
    """Sums of other estimators are refused."""
    with pytest.raises(ValueError, match="do not add"):
        Sums([Ips()]).merge(Sums([]))


def test_a_listener_counts_as_a_whole() -> None:
    """In a replicate all decisions of one listener count equally often: a log of one has no spread."""
    judged, _ = made()
    sums = Sums([ESTIMATORS["ips"]])
    sums.add(judged, np.full(len(judged.ratio), 5, np.uint64))

    replicated = sums.replicated()[:, 0]
    counted = sums.replicates[:, 0] > 0

    assert 0 < counted.sum() < len(counted)
    np.testing.assert_allclose(replicated[counted], sums.estimates()[0])


def test_replicates_count_as_poisson_does() -> None:
    """Over many listeners the times a decision counts have mean 1 and variance 1."""
    sums, count = Sums([]), 2_000
    ones = np.ones((count, 1))
    sums.add(
        Judged(ones, ones, ones, ones), np.random.default_rng(3).integers(2**63, size=count, dtype=np.uint64)
    )

    counted = sums.replicates[:, 0]

    assert counted.mean() == pytest.approx(count, rel=0.01)
    assert counted.var() == pytest.approx(count, rel=0.35)  # 200 replicates: 10 % is one deviation


def test_a_policy_against_itself_differs_by_nothing() -> None:
    """Replicates of two policies go together: the same one has an interval of no width around 0."""
    judged, listeners = made()
    one, other = Sums([ESTIMATORS["snips"]]), Sums([ESTIMATORS["snips"]])
    one.add(judged, listeners)
    other.add(judged, listeners)

    difference = difference_of(one, other, 0)

    assert (difference.value, difference.error, *difference.interval) == (0.0, 0.0, 0.0, 0.0)


def test_equal_weights_are_worth_their_number() -> None:
    """A policy judged on its own log has as many effective decisions as there are, and no doubts."""
    sums, ones = Sums([Ips()]), np.ones((300, 1))
    sums.add(Judged(ones, ones / 2, ones, ones), np.arange(300, dtype=np.uint64))

    assert effective_size(sums.weights[0]) == 300.0
    assert doubts(sums) == []


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (np.array([60.0] + [0.5] * 99), "one decision has 55% of all weight"),
        (np.full(400, 3.0), "weights have mean 3.000, expected 1"),
        (np.full(100, 1.0), "100 decisions are worth 100"),
        (np.zeros(0), "no decision was judged"),
    ],
)
def test_doubts_are_said_in_words(ratio: np.ndarray, said: str) -> None:
    """Thin support, a dominant weight and propensities that cannot be true are each told."""
    sums, one = Sums([Ips()]), np.ones((len(ratio), 1))
    sums.add(Judged(ratio[:, None], one, one, one), np.arange(len(ratio), dtype=np.uint64))

    assert any(said in doubt for doubt in doubts(sums))


def test_nothing_was_learned_from_nothing() -> None:
    """No decision, no estimate: nan, not 0."""
    (estimate,) = estimates_of(Sums([Ips()]), propensity_min=0.1)

    assert np.isnan([estimate.value, estimate.error, *estimate.interval, *estimate.bernstein]).all()
