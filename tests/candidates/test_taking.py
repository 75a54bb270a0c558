"""What is published of a decision's drawn rows."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from candidates.taking import published, take_slate

SIX = Context(prec=6, rounding=ROUND_HALF_EVEN)


@given(st.floats(1e-9, 1, exclude_max=True))
def test_a_score_has_six_significant_digits_and_prints_with_them(mean: float) -> None:
    """It is the double nearest to a decimal of six digits, within half a unit of the last one."""
    score = published(mean)

    assert Decimal(repr(score)) == SIX.create_decimal(repr(score))
    unit = Decimal(1).scaleb(SIX.create_decimal(mean).adjusted() - 5)
    assert abs(Decimal(score) - Decimal(mean)) <= unit / 2 * (1 + Decimal("1e-9"))
    assert 0 < score <= 1


@given(st.floats(allow_nan=False))
def test_a_score_is_between_0_and_1(mean: float) -> None:
    """Whatever the linear predictor says."""
    assert 0.0 <= published(mean) <= 1.0


def test_a_slate_takes_its_rows_from_all_that_was_considered() -> None:
    """Slot by slot its candidate, source, mean, score, propensity and columns; skips only where known."""
    columns = np.arange(12, dtype=np.float32).reshape(4, 3)
    handles, sources = np.array([10, 11, 12, 13], np.int32), np.array([0, 1, 2, 3], np.uint8)
    means, context = np.array([0.1, 0.2, 0.3, 1.5]), np.array([1.0, 2.0], np.float32)
    chosen, propensity = np.array([3, 1]), np.array([0.7, 0.6])
    drawn, figures, rows = np.zeros((2, 5), np.int32), np.full((4, 5), -1.0), np.zeros((5, 3), np.float32)
    considered = chosen, propensity, handles, sources, means, columns, context

    words = take_slate(*considered, np.zeros((0, 0)), drawn, figures, rows, 2)
    unknown = figures[3].tolist()
    take_slate(*considered, np.full((2, 3), 0.001), drawn, figures, rows, 2)

    assert drawn[:, :2].tolist() == [[13, 11], [3, 1]]
    assert figures[:, :2].tolist() == [[1.5, 0.2], [1.0, 0.2], [0.7, 0.6], [0.09, 0.036]]
    assert rows[:2].tolist() == columns[[3, 1]].tolist()
    assert unknown == [-1.0] * 5
    assert words == np.count_nonzero(columns[[3, 1]])


def test_a_column_of_minus_zero_counts_as_set() -> None:
    """What is stored of a slate are its words that are not 0: a sign is one."""
    columns = np.array([[0.0, -0.0, 1.0]], np.float32)
    handles, sources = np.array([10], np.int32), np.array([0], np.uint8)
    one, context = np.array([0.5]), np.ones(1, np.float32)
    drawn, figures, rows = np.zeros((2, 1), np.int32), np.zeros((4, 1)), np.ones((1, 3), np.float32)

    words = take_slate(
        np.array([0]), one, handles, sources, one, columns, context, np.zeros((0, 0)), drawn, figures, rows, 1
    )

    assert words == 2
    assert rows.tobytes() == columns.tobytes()
