"""Organic plays: nobody recommended them; they teach beside one unplayed contrast."""

import numpy as np

from pipelines.decide import describe
from tests.pipelines.making import Listening, play, request, track_ids
from topics.feedback import Feedback

FOUR = ("t1", "t2", "t3", "t4")


def organic(ann: Listening) -> list[Feedback]:
    return [part for part in ann.feedback if part.kind == "organic"]


def test_an_organic_play_has_two_rows_without_propensities(ann: Listening) -> None:
    """The play with its reward and a track of the newest slate with none; never final."""
    slate = track_ids(ann.ask("r1", 0, *FOUR))

    ann.take(play("e1", "t9", 10, 190))

    (part,) = organic(ann)
    played, contrast = part.slots
    assert (played.track_id, played.reward, played.propensity) == ("t9", 1.0, None)
    assert (contrast.reward, contrast.propensity) == (0.0, None)
    assert contrast.track_id in slate
    assert (part.attribution, part.final, part.part) == ("none", False, 0)


def test_the_contrast_was_not_played(ann: Listening) -> None:
    """Of a slate whose tracks were all played but one, that one."""
    ann.ask("r1", 0, *FOUR)
    ann.ask("r2", 100)  # nothing to choose from: the slate before it stays the newest
    ann.take_all([play(f"e{i}", f"t{i}", 10 * i, 0.5) for i in (1, 2, 4)])

    ann.take(play("e9", "t9", 90, 0.5))

    assert [[row.track_id for row in part.slots] for part in organic(ann)] == [["t9", "t3"]]


def test_a_slate_that_was_played_whole_leaves_no_contrast(ann: Listening) -> None:
    """A row without its contrast would say that everything is played."""
    ann.ask("r1", 0, "t1")
    ann.ask("r2", 100)
    ann.take(play("e1", "t1", 10, 0.5))

    ann.take(play("e2", "t9", 30, 0.5))

    assert organic(ann) == []


def test_an_organic_play_is_described_as_it_stood_when_the_slate_was_drawn(ann: Listening) -> None:
    """No column knows of the play itself, nor of a minute that had not passed."""
    ann.take(play("e1", "t5", 0, 190))
    ann.take(request("r1", 300, candidates=FOUR))
    handle = np.array([ann.views.table.handle("a new one")], np.int32)
    context, columns = describe(ann.state.plays, ann.scores[-1].at_ms, handle, ann.views, ann.settings)

    ann.take(play("e2", "a new one", 310, 190))

    part = organic(ann)[-1]
    assert part.at_ms == ann.scores[1].at_ms
    assert part.context == context.tobytes()
    assert part.slots[0].columns == columns.tobytes()


def test_the_end_of_an_organic_play_corrects_its_reward(ann: Listening) -> None:
    """A second part, for the play alone."""
    ann.ask("r1", 0, *FOUR)

    ann.take_all([play("e1", "t9", 10, play_id="p"), play("e2", "t9", 10, 190, play_id="p")])

    told = [[(row.track_id, row.reward, row.reward_change) for row in part.slots] for part in organic(ann)]
    assert told[0][0] == ("t9", 0.5, 0.5)
    assert told[1] == [("t9", 1.0, 0.5)]
    assert [part.part for part in organic(ann)] == [0, 1]


def test_before_any_slate_there_is_no_organic_feedback(ann: Listening) -> None:
    """Nothing was offered, so nothing was left unplayed."""
    ann.take(play("e1", "t9", 0, 190))

    assert ann.feedback == []


def test_a_play_that_started_before_the_newest_slate_is_not_organic_to_it(ann: Listening) -> None:
    """A late play was not heard instead of what was offered afterwards."""
    ann.ask("r1", 100, *FOUR)

    ann.take(play("e1", "t9", 50, 10))

    assert ann.feedback == []


def test_one_organic_play_waits_at_a_time(ann: Listening) -> None:
    """The next one takes its place; recommended decisions stay."""
    ann.ask("r1", 0, *FOUR)

    ann.take_all([play("e1", "t9", 10, 5), play("e2", "t8", 20, 5, decision_id="unknown")])

    kinds = [waiting.kind for waiting in ann.state.pending]
    assert kinds.count("organic") <= 1
    assert kinds.count("recommended") == 3
