"""Credit: which decision a play answers, and that it answers one slot once."""

import pytest

from tests.pipelines.making import MINUTE_MS, Listening, make_views, play, small, track_ids
from topics.feedback import Feedback


def earned(parts: list[Feedback]) -> dict[tuple[str, str], float]:
    """What each slot of each recommended decision has earned, by (decision, track), where not 0."""
    rewards: dict[tuple[str, str], float] = {}
    for part in parts:
        for slot in part.slots:
            if part.kind == "recommended":
                rewards[part.decision_id, slot.track_id] = slot.reward
    return {where: reward for where, reward in rewards.items() if reward}


def test_a_play_is_credited_to_the_decision_it_names(ann: Listening) -> None:
    """Of two decisions that hold its track, the one the client says."""
    first = ann.ask("r1", 0, "t1", "t2")
    ann.ask("r2", 10, "t1", "t2")

    ann.take(play("e1", "t1", 20, 190, decision_id=first.decision_id))

    assert earned(ann.feedback) == {(first.decision_id, "t1"): 1.0}
    assert [part.attribution for part in ann.feedback] == ["decision_id"]


def test_without_a_name_the_newest_decision_that_holds_the_track_is_credited(ann: Listening) -> None:
    """A newer one that does not hold it stands aside."""
    ann.ask("r1", 0, "t1", "t2")
    second = ann.ask("r2", 10, "t1", "t2")
    ann.ask("r3", 20, "t3", "t4")

    ann.take(play("e1", "t1", 30, 190))

    assert earned(ann.feedback) == {(second.decision_id, "t1"): 1.0}
    assert [part.attribution for part in ann.feedback] == ["track"]


def test_a_decision_made_after_the_play_started_is_not_credited(ann: Listening) -> None:
    """What was shown later cannot have caused it."""
    ann.ask("r1", 100, "t1", "t2")

    ann.take(play("e1", "t1", 50, 190))

    assert ann.feedback == []


def test_a_slot_is_credited_once(ann: Listening) -> None:
    """Playing the track again is not a second success of the same slot."""
    asked = ann.ask("r1", 0, "t1", "t2")

    ann.take_all([play("e1", "t1", 10, 100), play("e2", "t1", 200, 190)])

    parts = [part for part in ann.feedback if part.decision_id == asked.decision_id]
    assert len(parts) == 1
    assert earned(parts)[asked.decision_id, "t1"] < 1.0


def test_an_unknown_decision_is_counted_and_its_play_is_organic(ann: Listening) -> None:
    """A decision_id nobody gave out credits nothing, not even by track."""
    ann.ask("r1", 0, "t1", "t2")

    done = ann.take(play("e1", "t1", 10, 190, decision_id="no such decision"))

    assert done.counts["unknown_decision"] == 1
    assert [part.kind for part in done.feedback] == ["organic"]


def test_an_expired_decision_is_unknown(ann: Listening) -> None:
    """After the attribution window its name is nobody's."""
    asked = ann.ask("r1", 0, "t1", "t2")

    done = ann.take(play("e1", "t1", 3_601, 190, decision_id=asked.decision_id))

    assert done.counts["unknown_decision"] == 1
    assert earned(done.feedback) == {}


@pytest.mark.parametrize(("start_s", "counts"), [(119, True), (121, False)])
def test_the_attribution_window_is_a_setting(start_s: float, counts: bool) -> None:
    """A play that starts within it counts, one after it does not."""
    settings = small(slates={"attribution_window_ms": 2 * MINUTE_MS})
    ann = Listening(settings, make_views(settings))
    asked = ann.ask("r1", 0, "t1", "t2")

    ann.take(play("e1", "t1", start_s, 0.5))

    assert any(slot.reward for part in ann.feedback for slot in part.slots if part.kind == "recommended") is (
        counts
    )
    assert asked.decision_id in {part.decision_id for part in ann.feedback}


def test_a_play_answers_the_slate_that_the_play_before_it_brought(ann: Listening) -> None:
    """Scores after a play are decisions like those after a request."""
    ann.take(play("e1", "t1", 0, 190))
    offered = track_ids(ann.scores[0])

    ann.take(play("e2", offered[0], 200, 190))

    assert earned(ann.feedback) == {(ann.scores[0].decision_id, offered[0]): 1.0}


def test_late_plays_are_credited_too(ann: Listening) -> None:
    """A play that comes late answers the decision it was heard after."""
    asked = ann.ask("r1", 0, "t1", "t2")
    ann.take(play("e2", "t5", 500, 10))

    ann.take(play("e1", "t1", 100, 190))

    assert earned(ann.feedback)[asked.decision_id, "t1"] == 1.0
