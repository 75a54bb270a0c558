"""Examination: which slots of a slate count as seen, and so are rows to learn from."""

import pytest

from pipelines.serve import FOREVER_MS, fire_timers
from tests.pipelines.making import Listening, make_views, play, small, track_ids

FOUR = ("t1", "t2", "t3", "t4")


def listening(examination: str) -> Listening:
    settings = small(slates={"examination": examination})
    return Listening(settings, make_views(settings))


def rows_after(ann: Listening, slot: int | None, **more: int | str) -> list[list[int]]:
    """The slots in each part of one decision of four, if the track of one slot is played."""
    slate = track_ids(ann.ask("r1", 0, *FOUR))
    asked = ann.scores[-1].decision_id
    if slot is not None:
        ann.take(play("e1", slate[slot], 10, 190, **more))
    ann.absorb(fire_timers(ann.state, "ann", FOREVER_MS, ann.views, ann.settings))
    return [[row.slot for row in part.slots] for part in ann.feedback if part.decision_id == asked]


@pytest.mark.parametrize("slot", [0, 1, 3])
def test_cascade_sees_down_to_the_slot_that_was_played(slot: int) -> None:
    """Slots below it are unknown, not zero: no part ever names them."""
    assert rows_after(listening("cascade"), slot) == [list(range(slot + 1)), []]


def test_cascade_sees_all_slots_if_none_was_played() -> None:
    """Nobody knows before the window closes: one part, the final one."""
    assert rows_after(listening("cascade"), None) == [[0, 1, 2, 3]]


def test_all_sees_the_whole_slate_with_the_first_play() -> None:
    """Every slot is a row at once."""
    assert rows_after(listening("all"), 1) == [[0, 1, 2, 3], []]


def test_shown_sees_what_the_client_says() -> None:
    """Three slots on the screen, the first of them played."""
    assert rows_after(listening("shown"), 0, shown=3) == [[0, 1, 2], []]


def test_shown_sees_at_least_down_to_the_slot_that_was_played() -> None:
    """A client that counts too few cannot hide what it played."""
    assert rows_after(listening("shown"), 2, shown=1) == [[0, 1, 2], []]


def test_shown_looks_like_a_cascade_where_the_client_does_not_say() -> None:
    """No word of the client's: down to the slot played."""
    assert rows_after(listening("shown"), 1) == [[0, 1], []]


def test_a_request_says_how_much_of_the_newest_slate_was_seen() -> None:
    """Scrolling down without a play: two slots seen, none played."""
    ann = listening("shown")
    first = ann.ask("r1", 0, *FOUR)
    ann.ask("r2", 10, *FOUR, shown=2)

    ann.absorb(fire_timers(ann.state, "ann", FOREVER_MS, ann.views, ann.settings))

    parts = [part for part in ann.feedback if part.decision_id == first.decision_id]
    assert [[row.slot for row in part.slots] for part in parts] == [[0, 1]]


def test_shown_speaks_of_the_decision_that_the_play_names() -> None:
    """Slots seen belong to the slate that was played from, not to a newer one."""
    ann = listening("shown")
    first = ann.ask("r1", 0, *FOUR)
    second = ann.ask("r2", 5, *FOUR)
    ann.take(play("e1", first.slate[0].track_id, 10, 190, decision_id=first.decision_id, shown=3))

    ann.absorb(fire_timers(ann.state, "ann", FOREVER_MS, ann.views, ann.settings))

    seen = {
        asked.cause: [[row.slot for row in part.slots] for part in ann.feedback if part.decision_id == name]
        for asked in (first, second)
        for name in [asked.decision_id]
    }
    assert seen == {"r1": [[0, 1, 2], []], "r2": [[0, 1, 2, 3]]}


def test_exposures_and_residuals_are_those_of_the_seen_slots() -> None:
    """When a decision closes, each seen track was shown once, and earned its reward beyond the mean."""
    ann = listening("cascade")
    slate = track_ids(ann.ask("r1", 0, *FOUR))
    ann.take(play("e1", slate[1], 10, 190))

    done = fire_timers(ann.state, "ann", ann.scores[0].at_ms + 3_600_000, ann.views, ann.settings)

    (rows,) = [rows for rows in done.events if len(rows)]
    assert [ann.views.table.names[handle] for handle in rows["track"]] == slate[:2]
    assert rows["residual"].tolist() == [0.0, 1.0]  # before anything is learned every mean is 0
