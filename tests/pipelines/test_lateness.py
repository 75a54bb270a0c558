"""What comes late or from the future: applied where it belongs, or refused with the reason."""

import pytest

from features.listener.plays import KEPT_MAX
from tests.pipelines.making import DAY_MS, HOUR_MS, Listening, at, play, request
from topics.dead_letter import Rejected
from topics.play import Play
from topics.request import Request


def refusal(listening: Listening, record: Play | Request, received_ms: int | None = None) -> Rejected:
    """Serve a record that must be refused; the state stays as it was, to the byte."""
    before = listening.state, listening.stored, listening.state.plays.tobytes()

    with pytest.raises(Rejected) as refused:
        listening.take(record, received_ms)

    assert (listening.state, listening.stored, listening.state.plays.tobytes()) == before
    return refused.value


def test_a_play_more_than_a_day_behind_is_refused(ann: Listening) -> None:
    """One millisecond past 24 h behind the newest event time is late; the message names both times."""
    ann.take(play("e1", "t1", 100_000, 100))
    late = play("e2", "t2", 100_100 - DAY_MS / 1000 - 0.001)

    refused = refusal(ann, late)

    assert (refused.reason, refused.field) == ("late", "started_ms")
    assert refused.detail == (
        f"the play's event time is {late.at_ms}, expected at least {late.at_ms + 1}: "
        "a day before this listener's newest record"
    )


def test_a_play_a_day_behind_to_the_millisecond_is_put_in_its_place(ann: Listening) -> None:
    """24 h is still within what a listener keeps."""
    ann.take(play("e1", "t1", 100_000, 100))

    ann.take(play("e2", "t2", 100_100 - DAY_MS / 1000))

    assert ann.tracks == ["t2", "t1"]


def test_a_play_from_before_what_is_folded_away_is_refused(ann: Listening) -> None:
    """Once the play after it can no longer change, nothing can be put before that play."""
    ann.take_all([play(f"e{i}", "t1", i * 10, 5) for i in range(KEPT_MAX + 1)])

    for start_s in (-1, 0):
        refused = refusal(ann, play("late", "t2", start_s, 1))

        assert (refused.reason, refused.field) == ("late", "started_ms")
        assert refused.detail == (
            f"started_ms is {at(start_s)}, expected more than {at(0)}: "
            "what this listener heard up to then is folded away"
        )
    ann.take(play("not too late", "t2", 1, 1))
    assert ann.counts["late_applied"] == 1


def test_a_play_that_began_before_what_is_folded_away_and_ends_now_is_kept(ann: Listening) -> None:
    """An audiobook under a day of songs is answered when it ends, and known when it comes again."""
    ann.take_all([play(f"e{i}", "t1", i * 10, 5) for i in range(KEPT_MAX + 1)])
    book = play("book", "t2", -500, 2_000)

    ann.take(book)
    again = ann.take(book)

    assert ann.scores[-1].cause == "book"
    assert ann.tracks[-1] == "t2"
    assert again.counts == {"duplicate": 1}


def test_a_request_more_than_a_day_behind_is_refused(ann: Listening) -> None:
    """A request is late by the same measure as a play."""
    ann.take(request("r1", 100_000))
    late = request("r2", 100_000 - DAY_MS / 1000 - 0.001)

    refused = refusal(ann, late)

    assert (refused.reason, refused.field) == ("late", "at_ms")
    assert refused.detail == (
        f"at_ms is {late.at_ms}, expected at least {late.at_ms + 1}: "
        "a day before this listener's newest record"
    )


def test_a_play_that_starts_more_than_an_hour_after_it_was_received_is_refused(ann: Listening) -> None:
    """Its producer's clock is wrong; the message names both times and what to check."""
    ann.take(play("e1", "t1", 0))
    record = play("e2", "t2", 7_200)

    refused = refusal(ann, record, received_ms=record.started_ms - HOUR_MS - 1)

    assert (refused.reason, refused.field) == ("future", "started_ms")
    assert refused.detail == (
        f"started_ms is {record.started_ms}, expected at most 3600000 ms after it was received "
        f"({record.started_ms - HOUR_MS - 1}): check the producer's clock"
    )


def test_a_request_from_the_future_is_refused(ann: Listening) -> None:
    """A request is checked like a play."""
    ann.take(play("e1", "t1", 0))
    record = request("r1", 7_200)

    refused = refusal(ann, record, received_ms=record.at_ms - HOUR_MS - 1)

    assert (refused.reason, refused.field) == ("future", "at_ms")
    assert refused.detail.startswith(f"at_ms is {record.at_ms}, expected at most 3600000 ms after")


def test_an_hour_ahead_is_not_the_future_and_without_a_receipt_nothing_is(ann: Listening) -> None:
    """The bound is inclusive; a record whose receipt is unknown is not checked."""
    record = play("e1", "t1", 0)

    ann.take(record, received_ms=record.started_ms - HOUR_MS)
    ann.take(play("e2", "t1", 10**7))

    assert [scores.cause for scores in ann.scores] == ["e1", "e2"]


def test_no_verdict_depends_on_another_listener(ann: Listening) -> None:
    """What bob hears tomorrow makes nothing of ann's late."""
    bob = Listening(ann.settings, ann.views)
    bob.take(play("b1", "t1", 10 * DAY_MS / 1000, listener_id="bob"))

    ann.take_all([play("e1", "t1", 100), play("e2", "t2", 50)])

    assert ann.tracks == ["t2", "t1"]
