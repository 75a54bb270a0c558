"""Evidence: what it refuses leaves it as it was."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace

from bandits.evidence import Evidence
from bandits.rows import Rows, rows_of, skip_rows_of
from tests.bandits.making import HOUR_MS, START_MS, bits_of, empty, feedback, folded, log_of
from topics.feedback import Feedback, FeedbackSlot


def spoiled(rows: Rows, part: str, value: float) -> Rows:
    """The rows with one number of one part replaced."""
    array = getattr(rows, part).copy()
    array.flat[-1] = value
    return rows._replace(**{part: array})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("context", r"context\[0, 2\] \(c2\)"),
        ("columns", r"columns\[9, 3\] \(p3\)"),
        ("reward", r"reward\[9\]"),
    ],
)
@pytest.mark.parametrize("years", [0, 50], ids=["now", "landmark would move"])
def test_a_number_that_is_not_finite_changes_nothing(part: str, said: str, value: float, years: int) -> None:
    """The feedback is refused whole, saying which number; not even the landmark moves."""
    rng = np.random.default_rng(1)
    like = empty(half_life_ms=HOUR_MS)
    evidence = folded(like, log_of(rng, like, count=5, hours=1))
    before = bits_of(evidence)

    with pytest.raises(
        ValueError, match=rf"{said} is -?(nan|inf), expected a finite number; evidence untouched"
    ):
        evidence.fold(spoiled(feedback(rng, like, START_MS + years * 8_766 * HOUR_MS), part, value))

    assert bits_of(evidence) == before


@pytest.mark.parametrize(
    "change",
    [
        {"context": np.ones((1, 2), np.float32)},
        {"columns": np.ones((10, 5), np.float32)},
        {"columns": np.ones((9, 4), np.float32)},
        {"reward": np.ones(9)},
        {"reward_change": np.ones(11)},
        {"first": np.ones(1, bool)},
    ],
)
def test_rows_of_another_shape_change_nothing(change: dict[str, Any]) -> None:
    """The message says all shapes that came and those expected."""
    rng = np.random.default_rng(2)
    evidence = folded(empty(), log_of(rng, empty(), count=5, hours=1))
    before = bits_of(evidence)

    with pytest.raises(ValueError, match=r"expected \(1, 3\), \(m, 4\) and thrice \(m,\) for layout test"):
        evidence.fold(feedback(rng, evidence)._replace(**change))

    assert bits_of(evidence) == before


@pytest.mark.parametrize(("at_ms", "weight"), [(-1, 1.0), (5, math.nan), (5, 1.5), (5, math.inf)])
def test_odd_times_and_weights_change_nothing(at_ms: int, weight: float) -> None:
    """A time before 1970 or a weight beyond 1 is refused."""
    rng = np.random.default_rng(3)
    evidence = empty()

    with pytest.raises(ValueError, match=r"expected a time since 1970 and a weight in \[0, 1\]"):
        evidence.fold(feedback(rng, evidence, at_ms)._replace(weight=np.array([weight])))

    assert bits_of(evidence) == bits_of(empty())


def test_a_part_without_slots_is_welcome() -> None:
    """A final part that changes nothing adds nothing but its time."""
    nothing = rows_of([Feedback("d", "m", 9, "recommended", "none", "p", "1", "test", bytes(12), ())])
    evidence = empty()

    evidence.fold(nothing)

    assert bits_of(evidence)[:3] == bits_of(empty())[:3]
    assert evidence.newest_ms == 9


def test_rows_are_read_from_a_feedback_record() -> None:
    """Bytes become columns, in the order of slots."""
    columns = np.arange(6, dtype="<f4").reshape(2, 3)
    slots = tuple(
        FeedbackSlot(slot, "t", columns[slot].tobytes(), 0.5, 0.25 * slot, 0.125, first=slot == 1)
        for slot in (0, 1)
    )
    context = np.array([1.0, -2.0], "<f4")

    rows = rows_of([Feedback("d", "m", 9, "recommended", "none", "p", "1", "l", context.tobytes(), slots)])

    assert rows.at_ms.tolist() == [9]
    assert (rows.context == context).all()
    assert (rows.columns == columns).all()
    assert rows.reward.tolist() == [0.0, 0.25]
    assert rows.reward_change.tolist() == [0.125, 0.125]
    assert rows.first.tolist() == [False, True]


def test_verdicts_are_rows_of_their_own() -> None:
    """Only slots whose verdict became known in this part; 1 for a skip, 0 for none, each a first row."""
    skips = (True, None, False)
    slots = tuple(
        FeedbackSlot(slot, "t", np.full(2, slot, "<f4").tobytes(), 0.5, 0.7, skipped=skipped)
        for slot, skipped in enumerate(skips)
    )
    told = Feedback("d", "m", 9, "recommended", "none", "p", "1", "l", bytes(4), slots)

    rows = skip_rows_of([told])

    assert rows is not None
    assert rows.columns[:, 0].tolist() == [0.0, 2.0]
    assert rows.reward.tolist() == rows.reward_change.tolist() == [1.0, 0.0]
    assert rows.first.tolist() == [True, True]
    silent = msgspec.structs.replace(told, slots=slots[1:2])
    assert skip_rows_of([silent]) is None


def test_a_record_of_two_layouts_is_refused() -> None:
    """Slots with columns of unequal length are told apart by slot and decision."""
    slots = (FeedbackSlot(0, "t", bytes(8), 0.5, 0.0), FeedbackSlot(1, "t", bytes(12), 0.5, 0.0))

    with pytest.raises(ValueError, match=r"slot 1 of decision d7 has 12 bytes of\s+columns, expected 8"):
        rows_of([Feedback("d7", "m", 9, "recommended", "none", "p", "1", "l", bytes(4), slots)])


def test_what_cannot_be_an_evidence_is_refused() -> None:
    """No names, a name twice, a negative half-life, an alarm that adds, a landmark between half-lives."""
    with pytest.raises(ValueError, match="pair_names is \\(\\), expected one or more names, each once"):
        Evidence("l", ("one",), ())
    with pytest.raises(ValueError, match="half_life_ms is -1, expected milliseconds, or 0 for no decay"):
        Evidence("l", ("one",), ("one",), half_life_ms=-1)
    with pytest.raises(ValueError, match=r"an alarm's factor is 1.5, expected a number in \(0, 1\]"):
        empty().alarm(1.5)
    with pytest.raises(ValueError, match="without decay it stays 0"):
        empty().move_landmark(7)


def test_a_copy_goes_its_own_way() -> None:
    """Folding into a copy leaves the original, and the other way round."""
    rng = np.random.default_rng(4)
    like = empty(half_life_ms=HOUR_MS)
    original = folded(like, log_of(rng, like, count=3, hours=100))
    original.alarm(0.5)
    before = bits_of(original)

    twin = original.copy()
    assert bits_of(twin) == before
    twin.fold(feedback(rng, like))

    assert bits_of(original) == before


def test_a_row_that_stands_for_nine_counts_nine_times() -> None:
    """In the sums of squares and of rewards; in the number of rows it is one."""
    columns = np.array([1.0, 0.5, 0.25, 0.0], "<f4").tobytes()
    context = np.array([1.0, 0.5, 0.0], "<f4").tobytes()

    def told(*slots: FeedbackSlot) -> Evidence:
        part = Feedback("d", "m", START_MS, "organic", "none", "p", "1", "l", context, slots)
        return folded(empty(), [rows_of([part])])

    one = FeedbackSlot(0, "t", columns, None, 0.5, 0.5, first=True)
    nine = told(*[one] * 9)
    weighted = told(replace(one, weight=9.0))

    assert np.allclose(weighted.pairs, nine.pairs, rtol=1e-6)
    assert np.allclose(weighted.total, nine.total, rtol=1e-6)
    assert (weighted.rows, nine.rows) == (1.0, 9.0)
