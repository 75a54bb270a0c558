"""Rewards: in [0, 1], and never less for what was heard longer or liked more."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.reward import RewardSettings, reward

fractions = st.floats(0.0, 1.0)
settings_of = st.builds(
    RewardSettings,
    started=fractions,
    unknown=fractions,
    skipped=fractions,
    complete_from=st.floats(0.01, 1.0),
    liked=fractions,
)


@pytest.mark.parametrize(
    ("share", "skipped", "liked", "ended", "expected"),
    [
        (None, None, 0, False, 0.5),  # it plays
        (None, None, 0, True, 0.7),  # it ended, nobody knows when
        (None, False, 0, True, 0.7),
        (None, True, 0, True, 0.0),  # skipped, nobody knows when
        (0.5, True, 0, True, 0.15),
        (0.45, False, 0, True, 0.5),
        (0.9, False, 0, True, 1.0),
        (1.0, None, 0, True, 1.0),
        (0.1, True, 1, True, 1.0),  # skipped, and liked all the same
        (1.0, False, -1, True, 0.0),
        (None, None, -1, False, 0.0),
        (None, None, 1, False, 1.0),
    ],
)
def test_each_way_for_a_play_to_end_has_its_worth(
    share: float | None, skipped: bool | None, liked: int, ended: bool, expected: float
) -> None:
    """The defaults, case by case."""
    assert reward(share, skipped, liked, ended) == pytest.approx(expected)


@given(settings=settings_of, shares=st.tuples(fractions, fractions))
def test_more_is_never_worth_less(settings: RewardSettings, shares: tuple[float, float]) -> None:
    """Within [0, 1]; not less for a larger share, for no skip, or for a like."""
    low, high = sorted(shares)
    for skipped, ended, liked in itertools.product((None, False, True), (False, True), (-1, 0, 1)):
        worth = reward(low, skipped, liked, ended, settings)

        assert 0.0 <= worth <= 1.0
        assert reward(high, skipped, liked, ended, settings) >= worth
        assert reward(low, skipped, min(1, liked + 1), ended, settings) >= worth
        if settings.skipped * settings.complete_from <= 1.0:
            assert reward(low, False, liked, ended, settings) >= reward(low, True, liked, ended, settings)


@given(settings=settings_of)
def test_what_is_not_known_to_have_ended_is_judged_by_its_start(settings: RewardSettings) -> None:
    """A share reported while the track still plays says nothing yet."""
    assert reward(0.01, True, 0, ended=False, settings=settings) == settings.started


@pytest.mark.parametrize("field", ["started", "unknown", "skipped", "liked"])
def test_worths_outside_of_0_to_1_are_refused(field: str) -> None:
    """The message names the setting and its range."""
    with pytest.raises(ValueError, match=rf"{field} must be in \[0, 1\], got 1.01"):
        RewardSettings(**{field: 1.01})
