"""Policies in closed form, at their limits, and what they refuse."""

import math
from typing import Annotated

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from bandits import POLICIES
from bandits.epsilon_greedy import EpsilonGreedy
from bandits.inverse_gap import InverseGap
from bandits.lin_ucb import LinUcb
from bandits.prediction import Prediction
from bandits.ranges import check_ranges
from bandits.slate import draw
from bandits.softmax import Softmax
from bandits.thompson import Thompson

NONE = np.zeros(0)


def test_softmax_is_the_exponential_mixed_with_the_floor() -> None:
    """(1 − floor) · exp(mean / temperature) / Σ + floor / m, to 1e-13."""
    mean = np.array([0.1, 0.9, 0.4, 0.4])
    weights = np.exp(mean / 0.3)

    probabilities = Softmax(temperature=0.3, floor=0.1).probabilities(mean, NONE)

    np.testing.assert_allclose(probabilities, 0.9 * weights / weights.sum() + 0.1 / 4, rtol=1e-13)


def test_softmax_does_not_run_dry_when_its_best_are_gone() -> None:
    """After a best that was 1e200 times as likely, the next two still share by their own difference."""
    known = Prediction(np.array([0.0, 46.0, 1e-3]))

    slate = draw(Softmax(temperature=0.1, floor=1e-9), known, slots=3, key=1)

    assert slate.chosen[0] == 1
    best_of_two = 1.0 / (1.0 + math.exp(-0.01))
    assert slate.propensity[1] == pytest.approx(
        best_of_two if slate.chosen[1] == 2 else 1 - best_of_two, rel=1e-6
    )


def test_softmax_can_be_greedy_and_uniform() -> None:
    """The smallest temperature leaves the floor to the others, the largest tells nobody apart."""
    mean = np.array([0.1, 0.9, 0.4])

    np.testing.assert_allclose(Softmax(1e-6, 0.03).probabilities(mean, NONE), [0.01, 0.98, 0.01], rtol=1e-12)
    np.testing.assert_allclose(Softmax(1e6, 0.03).probabilities(mean, NONE), 1 / 3, rtol=1e-5)


def test_inverse_gap_gives_the_best_what_the_others_leave() -> None:
    """1 / (m + γ · gap) for each other, the rest for the best; then the floor."""
    mean = np.array([0.2, 0.5, 0.4])
    others = np.array([1 / (3 + 20 * 0.3), 1 / (3 + 20 * 0.1)])

    probabilities = InverseGap(gamma=20.0, floor=0.03).probabilities(mean, NONE)

    expected = 0.97 * np.array([others[0], 1 - others.sum(), others[1]]) + 0.01
    np.testing.assert_allclose(probabilities, expected, rtol=1e-13)


def test_inverse_gap_without_gaps_is_uniform() -> None:
    """γ = 0, or equal means, tell nobody apart."""
    np.testing.assert_allclose(InverseGap(gamma=0.0).probabilities(np.array([0.1, 0.9]), NONE), 0.5)
    np.testing.assert_allclose(InverseGap().probabilities(np.full(7, 0.4), NONE), 1 / 7, rtol=1e-12)


def test_lin_ucb_prefers_what_it_knows_less() -> None:
    """With alpha the uncertain candidate wins, without it the better one."""
    mean, variance = np.array([0.5, 0.4]), np.array([0.01, 0.09])

    assert LinUcb(alpha=1.0, floor=0.02).probabilities(mean, variance).tolist() == [0.01, 0.99]
    assert LinUcb(alpha=0.0, floor=0.02).probabilities(mean, variance).tolist() == [0.99, 0.01]


def test_thompson_shares_are_the_draws_won() -> None:
    """Four draws, won 1, 3 and 0 times; the spread scales deviations, not means."""
    deviations = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 5.0, 0.0]])

    probabilities = Thompson(draws=4, spread=0.1, floor=0.03).probabilities(
        np.array([0.4, 0.5, 0.1]), NONE, deviations
    )

    np.testing.assert_allclose(probabilities, 0.97 * np.array([0.25, 0.75, 0.0]) + 0.01, rtol=1e-13)


@given(st.integers(2, 30))
def test_a_certain_thompson_is_greedy(count: int) -> None:
    """Without spread every draw is won by the best mean."""
    mean = np.arange(count) / count

    probabilities = Thompson(draws=8, spread=0.0, floor=0.1).probabilities(mean, NONE, np.ones((8, count)))

    np.testing.assert_allclose(probabilities, EpsilonGreedy(0.1).probabilities(mean, NONE), rtol=1e-14)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        (
            "epsilon_greedy",
            {"epsilon": 0.0},
            r"epsilon must be in \(0, 1\], got 0.0: unplayed arms would .* try 0.01",
        ),
        (
            "softmax",
            {"temperature": 0.0},
            r"temperature must be in \[1e-06, 1e\+06\], got 0.0: small is greedy",
        ),
        (
            "softmax",
            {"floor": math.nan},
            r"floor must be in \(0, 1\], got nan: unplayed candidates would have no",
        ),
        ("lin_ucb", {"alpha": -1.0}, r"alpha must be in \[0, 1000\], got -1.0"),
        ("lin_ucb", {"floor": 1.5}, r"floor must be in \(0, 1\], got 1.5"),
        ("inverse_gap", {"gamma": math.inf}, r"gamma must be in \[0, 1e\+09\], got inf: try 10 times"),
        ("thompson", {"draws": 0}, r"draws must be in \[1, 1024\], got 0"),
        ("thompson", {"spread": -0.1}, r"spread must be in \[0, 1000\], got -0.1"),
    ],
)
def test_settings_out_of_range_are_refused(name: str, settings: dict[str, float], message: str) -> None:
    """The message names the setting, its range, what came and the way out."""
    with pytest.raises(ValueError, match=message):
        POLICIES[name](**settings)


class Mixed(Struct):
    """Numbers with a range on one side, with none, and what is no number."""

    name: str
    low: Annotated[int, Meta(ge=3)]
    high: Annotated[float, Meta(lt=2)]
    free: float = 0.0


@pytest.mark.parametrize(
    ("low", "high", "free", "message"),
    [
        (2, 0.0, 0.0, r"low must be in \[3, inf\), got 2"),
        (3, 2.0, 0.0, r"high must be in \(-inf, 2\), got 2.0"),
        (3, 0.0, math.inf, r"free must be in \(-inf, inf\), got inf"),
    ],
)
def test_ranges_are_read_from_annotations(low: int, high: float, free: float, message: str) -> None:
    """Each bound as it is written; numbers are finite; other fields are none of our business."""
    check_ranges(Mixed("x", 3, 1.9, -7.0))

    with pytest.raises(ValueError, match=message):
        check_ranges(Mixed("x", low, high, free))
