"""Examination: which slots count as seen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.examination import EXAMINATIONS, seen

slates = st.integers(1, 50).flatmap(
    lambda slots: st.tuples(
        st.just(slots), st.sets(st.integers(0, slots - 1)), st.none() | st.integers(0, 50)
    )
)


@pytest.mark.parametrize(
    ("rule", "played", "shown", "expected"),
    [
        ("cascade", (), None, 10),
        ("cascade", (0,), None, 1),
        ("cascade", (2, 7), 3, 8),
        ("all", (0,), 1, 10),
        ("shown", (), 4, 4),
        ("shown", (), 0, 0),
        ("shown", (6,), 4, 7),
        ("shown", (6,), None, 7),
        ("shown", (), 50, 10),
    ],
)
def test_slots_seen_of_ten(rule: str, played: tuple[int, ...], shown: int | None, expected: int) -> None:
    """The three rules, case by case."""
    assert seen(rule, 10, played, shown) == expected


@pytest.mark.parametrize("rule", EXAMINATIONS)
@given(slate=slates)
def test_what_was_played_was_seen(rule: str, slate: tuple[int, set[int], int | None]) -> None:
    """Every rule counts from the top, within the slate, and past every slot played."""
    slots, played, shown = slate

    count = seen(rule, slots, played, shown)

    assert 0 <= count <= slots
    assert all(slot < count for slot in played)


def test_unknown_rules_and_slots_are_refused() -> None:
    """What came and what would do."""
    with pytest.raises(ValueError, match="examination is 'glance', expected one of cascade, all, shown"):
        seen("glance", 10, ())
    with pytest.raises(ValueError, match="slot 10 was played, expected one of the slate's 10 slots"):
        seen("all", 10, (10,))
