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
    """Slot by slot the chosen candidate, source, mean, score and columns; skips only where known."""
    columns = np.arange(12, dtype=np.float32).reshape(4, 3)
    handles, sources = np.array([10, 11, 12, 13], np.int32), np.array([0, 1, 2, 3], np.uint8)
    means, context = np.array([0.1, 0.2, 0.3, 1.5]), np.array([1.0, 2.0], np.float32)
    weights = np.full((2, 3), 0.001)

    drawn, proposed_by, expected, scores, rows, p_skips = take_slate(
        np.array([3, 1]), handles, sources, means, columns, context, weights
    )
    unknown = take_slate(np.array([3]), handles, sources, means, columns, context, np.zeros((0, 0)))[-1]

    assert (drawn.tolist(), proposed_by.tolist(), expected.tolist()) == ([13, 11], [3, 1], [1.5, 0.2])
    assert scores.tolist() == [1.0, 0.2]
    assert rows.tolist() == columns[[3, 1]].tolist()
    assert p_skips.tolist() == [0.09, 0.036]
    assert len(unknown) == 0
