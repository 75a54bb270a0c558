"""Records of one play: started then ended, in either order, is one play."""

import math

import pytest

from tests.pipelines.making import DAY_MS, LENGTH_MS, Listening, at, make_views, play, small
from topics.play import Play

STARTED = play("e1", "t1", 0, play_id="p")
ENDED = play("e2", "t1", 0, 50, play_id="p")


def fields(listening: Listening) -> list[tuple[float, ...]]:
    """Of each play: start, event time, share, skipped, liked, ended."""
    names = ["started_ms", "at_ms", "share", "skipped", "liked", "ended"]
    return [tuple(row[name].item() for name in names) for row in listening.state.plays]


@pytest.mark.parametrize("records", [[STARTED, ENDED], [ENDED, STARTED], [ENDED]])
def test_started_and_ended_in_either_order_is_one_play(ann: Listening, records: list[Play]) -> None:
    """The end's event time and share stand, whichever record came first, or alone."""
    ann.take_all([*records])

    assert fields(ann) == [(at(0), at(50), 50_000 / LENGTH_MS, 1, 0, 1)]


def test_both_orders_leave_the_same_bytes(ann: Listening) -> None:
    """Not only the features: the two records' hashes, too, stand where they would in order."""
    other = Listening(ann.settings, ann.views)

    ann.take_all([STARTED, ENDED])
    other.take_all([ENDED, STARTED])

    assert other.plays == ann.plays


@pytest.mark.parametrize("records", [[STARTED, ENDED], [ENDED, STARTED]])
def test_both_records_of_a_play_are_known_when_they_come_again(ann: Listening, records: list[Play]) -> None:
    """Neither changes anything the second time."""
    ann.take_all([*records])
    before = ann.stored

    for again in records:
        assert ann.take(again).counts == {"duplicate": 1}

    assert ann.stored == before


def test_while_it_plays_nobody_knows_its_share(ann: Listening) -> None:
    """A started play has neither share nor verdict."""
    ann.take(STARTED)

    started_ms, at_ms, share, skipped, _, ended = fields(ann)[0]
    assert (started_ms, at_ms, skipped, ended) == (at(0), at(0), -1, 0)
    assert math.isnan(share)


@pytest.mark.parametrize("flip", [False, True])
def test_a_play_starts_with_its_earliest_record(ann: Listening, flip: bool) -> None:
    """Clients that compute the start again are off by a moment; the order of arrival does not matter."""
    records = [play("e1", "t1", 0, play_id="p"), play("e2", "t1", -2, 50, play_id="p")]

    ann.take_all([*reversed(records)] if flip else [*records])

    assert fields(ann) == [(at(-2), at(48), 50_000 / LENGTH_MS, 1, 0, 1)]


@pytest.mark.parametrize("flip", [False, True])
def test_the_newer_verdict_of_two_stands_whichever_came_first(ann: Listening, flip: bool) -> None:
    """Liked at the start and disliked at the end is disliked; silence at the end keeps the like."""
    records = [play("e1", "t1", 0, play_id="p", liked=1), play("e2", "t1", 0, 50, play_id="p", liked=-1)]
    others = [play("f1", "t2", 99, play_id="q", liked=1), play("f2", "t2", 99, 50, play_id="q")]

    for pair in (records, others):
        ann.take_all([*reversed(pair)] if flip else [*pair])

    assert ann.state.plays["liked"].tolist() == [-1, 1]


@pytest.mark.parametrize("flip", [False, True])
def test_of_two_ends_the_later_stands(ann: Listening, flip: bool) -> None:
    """A play resumed and reported again is heard as long as its longest report says."""
    records = [play("e1", "t1", 0, 50, play_id="p"), play("e2", "t1", 0, 190, play_id="p")]

    ann.take_all([*reversed(records)] if flip else [*records])

    (*times, share, skipped, _, ended), *others = fields(ann)
    assert (times, skipped, ended, others) == ([at(0), at(190)], 0, 1, [])
    assert share == pytest.approx(0.95)


def test_without_a_play_id_listener_track_and_start_name_a_play(ann: Listening) -> None:
    """Two records that agree on them are one play, others are not."""
    ann.take_all([play("e1", "t1", 0), play("e2", "t1", 0, 50), play("e3", "t1", 60, 50)])

    assert len(ann.state.plays) == 2


def test_one_play_id_on_two_tracks_is_two_plays(ann: Listening) -> None:
    """A producer that reuses its ids loses nothing."""
    ann.take_all([play("e1", "t1", 0, 50, play_id="p"), play("e2", "t2", 60, 50, play_id="p")])

    assert ann.tracks == ["t1", "t2"]


def test_one_play_id_more_than_a_day_apart_is_two_plays(ann: Listening) -> None:
    """A name used again the next day names another play."""
    ann.take_all([play("e1", "t1", 0, 50, play_id="p"), play("e2", "t1", DAY_MS / 1000 + 1, 50, play_id="p")])

    assert len(ann.state.plays) == 2


def test_plays_that_start_together_stand_by_their_end_then_in_log_order(ann: Listening) -> None:
    """Equal starts: the one that ends first comes first; equals in all stay as the log has them."""
    ann.take_all([play("e1", "t3", 0, 30), play("e2", "t2", 0, 20), play("e3", "t1", 0, 30)])

    assert ann.tracks == ["t2", "t3", "t1"]


def test_an_event_id_met_on_another_play_is_still_a_duplicate(ann: Listening) -> None:
    """Duplicates are known by event id alone, even beside a newer record of the play they name."""
    ann.take_all([play("e1", "t1", 0, 50), play("e2", "t2", 60, play_id="p")])

    done = ann.take(play("e1", "t2", 60, 50, play_id="p"))

    assert done.counts == {"duplicate": 1}


def test_each_play_is_heard_once_when_its_end_is_known(ann: Listening) -> None:
    """Started, ended and met again emit one heard event, with the verdict."""
    ann.take_all([STARTED, ENDED, STARTED, ENDED, play("e3", "t2", 60, 190)])

    heard = [event for event in ann.events if event[0] == "heard"]
    assert [(track, skipped) for _, track, _, _, _, skipped in heard] == [("t1", 1), ("t2", 0)]


def test_a_play_without_an_end_is_heard_when_the_next_one_starts(ann: Listening) -> None:
    """Its verdict is unknown for ever: an end that comes later is not counted again."""
    ann.take_all([STARTED, play("e3", "t2", 60), ENDED])

    heard = [event for event in ann.events if event[0] == "heard"]
    assert [(track, skipped) for _, track, _, _, _, skipped in heard] == [("t1", -1)]


def test_a_play_follows_the_five_before_it_in_its_session() -> None:
    """One step from the newest, five from the fifth; nothing across a silence longer than the gap."""
    settings = small()
    ann = Listening(settings, make_views(settings))

    ann.take_all([play("e0", "t0", 0, 10)])
    ann.take_all([play(f"e{i}", f"t{i}", 2_000 + i * 20, 10) for i in range(1, 8)])

    last = [(track, steps) for kind, track, by, steps, *_ in ann.events if kind == "followed" and by == "t7"]
    assert last == [("t6", 1), ("t5", 2), ("t4", 3), ("t3", 4), ("t2", 5)]
    assert not [event for event in ann.events if event[0] == "followed" and event[1] == "t0"]


def test_a_late_play_follows_what_stood_before_it(ann: Listening) -> None:
    """It follows the plays that started before it, not those that came before it in the log."""
    ann.take_all([play("e1", "t1", 0, 10), play("e3", "t3", 100, 10)])

    done = ann.take(play("e2", "t2", 50, 10))

    emitted = [event for rows in done.events for event in rows.tolist()]
    assert len(emitted) == 3  # it was heard, it followed t1, and t1 preceded it
    assert [(track, by) for kind, track, by, *_ in ann.events if kind == "followed"] == [
        ("t1", "t3"),
        ("t1", "t2"),
    ]
