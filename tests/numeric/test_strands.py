"""Strands: sums, maxima and places, in an order that is written down."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from numeric.powers import split_exp2
from numeric.strands import close_gap, first_largest, place_of, total

numbers = arrays(float, st.integers(0, 100), elements=st.floats(-1e6, 1e6))


@given(numbers)
def test_sums_are_sums(values: NDArray[Any]) -> None:
    """To rounding, the exact sum."""
    assert total(values) == pytest.approx(math.fsum(values), abs=1e-7)


@given(arrays(float, st.integers(1, 100), elements=st.sampled_from([-1.0, 0.0, -0.0, 0.5, 0.75, -math.inf])))
def test_the_first_of_the_largest_is_found(values: NDArray[Any]) -> None:
    """As numpy finds it."""
    assert first_largest(values) == int(np.argmax(values))


@given(
    shares=arrays(float, st.integers(1, 150), elements=st.floats(1e-6, 1.0)),
    u=st.floats(0, 1, exclude_max=True),
)
def test_a_number_falls_where_the_running_sum_passes_it(shares: NDArray[Any], u: float) -> None:
    """The place's share holds u, to rounding."""
    shares /= shares.sum()

    place = place_of(u, shares)

    before = math.fsum(shares[:place])
    assert before - 1e-12 <= u <= before + shares[place] + 1e-12


def test_what_lies_beyond_all_shares_falls_on_the_last() -> None:
    """When rounding left the sum just below u."""
    assert place_of(0.999, np.full(40, 0.01)) == 39


@given(arrays(np.int64, st.integers(1, 30)), st.data())
def test_a_gap_is_closed(values: NDArray[Any], data: st.DataObject) -> None:
    """What was behind the place stands one lower, what was before it stays."""
    place = data.draw(st.integers(0, len(values) - 1))
    expected = np.delete(values, place)

    close_gap(values, place)

    assert values[:-1].tolist() == expected.tolist()


@given(st.floats(-1e6, 1e6))
def test_a_power_of_two_is_fraction_and_exponent(power: float) -> None:
    """The fraction is in [√½, √2] and right to 4e-16."""
    fraction, exponent = split_exp2(power)

    assert math.sqrt(0.5) - 1e-15 <= fraction <= math.sqrt(2.0) + 1e-15
    assert math.log2(fraction) == pytest.approx(power - exponent, abs=1e-15)
