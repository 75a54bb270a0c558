"""Exponential and logarithm beside fifty decimal digits of the truth."""

import math
from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.exact import exp, exp2, log, logistic

DIGITS = Context(prec=50, Emin=-10_000, Emax=10_000)


def off(found: float, truth: Decimal) -> float:
    """The relative error."""
    return float(abs(Decimal(found) - truth) / abs(truth))


@given(st.floats(-1_000, 1_023.999, exclude_min=True))
def test_a_power_of_two_is_right_to_1e_15(x: float) -> None:
    """Relatively, over the whole range of results that are not tiny."""
    assert off(exp2(x), DIGITS.power(Decimal(2), Decimal(x))) <= 1e-15


@pytest.mark.parametrize("whole", [-999, -64, -1, 0, 1, 53, 64, 1_023])
def test_whole_powers_of_two_are_exact(whole: int) -> None:
    """What moves a landmark loses no bit."""
    assert exp2(float(whole)) == math.ldexp(1.0, whole)


@given(x=st.floats(-60, 60), whole=st.integers(-60, 60))
def test_whole_steps_change_the_exponent_alone(x: float, whole: int) -> None:
    """Two weights a whole number of half-lives apart differ by an exact power of two."""
    apart = math.fmod(x, 1.0) + math.trunc(x)  # x itself; its sum with a whole number may round
    if (apart + whole) - whole == apart:
        assert exp2(apart + whole) == math.ldexp(exp2(apart), whole)


@pytest.mark.parametrize(
    ("x", "power"),
    [(-math.inf, 0.0), (-1_001.0, 0.0), (-1_000.0, 0.0), (1_024.0, math.inf), (math.inf, math.inf)],
)
def test_beyond_its_range_a_power_is_0_or_infinity(x: float, power: float) -> None:
    """Weights vanish or overflow; they never become nonsense."""
    assert exp2(x) == power
    assert exp(-700.0) == 0.0


@given(st.floats(-693, 709))
def test_the_exponential_is_right_to_1e_13(x: float) -> None:
    """Relatively; the error is that of x / ln 2."""
    assert off(exp(x), DIGITS.exp(Decimal(x))) <= 1e-13


@given(st.floats(1e-300, 1e300).filter(lambda x: x != 1.0))
def test_the_logarithm_is_right_to_1e_15(x: float) -> None:
    """Relatively, also next to 1, where it vanishes."""
    assert off(log(x), DIGITS.ln(Decimal(x))) <= 1e-15


@given(st.integers(1, 2**20))
def test_the_logarithm_next_to_one_loses_nothing(steps: int) -> None:
    """A few units in the last place above and below 1."""
    for x in (1.0 + steps * 2.0**-52, 1.0 - steps * 2.0**-53):
        assert off(log(x), DIGITS.ln(Decimal(x))) <= 1e-15


def test_odd_numbers_have_odd_logarithms() -> None:
    """1 gives 0, 0 minus infinity, what is below or no number nan; so does exp2 of no number."""
    assert log(1.0) == 0.0
    assert log(0.0) == -math.inf
    assert all(math.isnan(x) for x in (log(-1.0), log(math.nan), exp2(math.nan)))


@given(st.floats(-800, 800))
def test_the_logistic_function_stays_between_0_and_1_and_is_symmetric(x: float) -> None:
    """Against its definition, and against its mirror."""
    assert 0.0 <= logistic(x) <= 1.0
    assert logistic(x) + logistic(-x) == pytest.approx(1.0, abs=1e-15)
    if abs(x) < 600:
        assert logistic(x) == pytest.approx(1.0 / (1.0 + math.exp(-x)), rel=1e-12)
