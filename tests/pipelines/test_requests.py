"""Requests: a surface asks, with candidates of its own or without."""

import pytest

from tests.pipelines.making import Listening, play, request, track_ids
from topics.track import Track

REASON = "no usable candidate: none known, or none playable"


def test_a_request_s_own_candidates_are_all_that_is_offered(ann: Listening) -> None:
    """No source of ours adds anything; each is offered once, and says where it is from."""
    asked = ann.ask("r1", 0, "t3", "t7", "t3")

    assert sorted(track_ids(asked)) == ["t3", "t7"]
    assert {scored.source for scored in asked.slate} == {"requested"}


@pytest.mark.parametrize("candidates", [(), ("gone",), ("gone", "gone")])
def test_none_usable_gives_an_empty_slate_with_the_reason(
    ann: Listening, candidates: tuple[str, ...]
) -> None:
    """The scores say why they are empty; nothing awaits a play."""
    ann.views.table.list_track(Track("gone", playable=False))

    asked = ann.ask("r1", 0, *candidates)

    assert (asked.slate, asked.reason) == ((), REASON)
    assert ann.state.pending == ()


def test_a_world_without_tracks_is_answered_with_the_reason() -> None:
    """Before the first catalogue entry and the first play there is nothing to offer."""
    ann = Listening(views=None)
    empty = Listening(ann.settings, type(ann.views)(ann.settings))

    empty.take(request("r1"))

    assert (empty.scores[0].slate, empty.scores[0].reason) == ((), REASON)


def test_an_empty_slate_is_the_newest_record_all_the_same(ann: Listening) -> None:
    """It is answered once, moves time on, and is known when it comes again."""
    ann.ask("r1", 50)

    done = ann.take(request("r1", 50, candidates=()))

    assert done.counts == {"duplicate": 1}
    assert ann.state.newest_ms == ann.scores[0].at_ms


def test_an_unplayable_track_is_never_offered(ann: Listening) -> None:
    """Not even if its listener plays it every day."""
    ann.take_all([play(f"e{i}", "t1", i * 300, 190) for i in range(3)])
    ann.views.table.list_track(Track("t1", playable=False))

    ann.take(request("r1", 1_000, limit=50))

    assert "t1" not in track_ids(ann.scores[-1])


def test_a_request_between_two_plays_does_not_end_the_session(ann: Listening) -> None:
    """Asking is not listening: the plays around it still follow each other."""
    ann.take_all([play("e1", "t1", 0, 100), request("r1", 150), play("e2", "t2", 200, 100)])

    assert [(track, by) for kind, track, by, *_ in ann.events if kind == "followed"] == [("t1", "t2")]


def test_the_newest_sixteen_requests_are_known_when_they_come_again(ann: Listening) -> None:
    """A retry within that many requests is a duplicate."""
    records = [request(f"r{i}", 0) for i in range(16)]
    ann.take_all([*records])

    for record in records:
        assert ann.take(record).counts == {"duplicate": 1}
