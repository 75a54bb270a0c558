"""Plays: what names them and when they happened."""

from hypothesis import given

from tests.topics.strategies import plays
from topics.play import Play


@given(play=plays)
def test_a_play_happened_when_it_ended_or_else_when_it_started(play: Play) -> None:
    """Event time is the start plus what was heard; unknown counts as nothing heard."""
    assert play.at_ms == play.started_ms + (0 if play.heard_ms is None else play.heard_ms)


def test_started_and_ended_have_one_name_where_the_producer_gave_none() -> None:
    """Listener, track and start make the name; any of them changes it."""
    started = Play("e1", "ann", "t1", started_ms=5)
    ended = Play("e2", "ann", "t1", started_ms=5, heard_ms=9)
    others = [Play("e3", "bob", "t1", 5), Play("e4", "ann", "t2", 5), Play("e5", "ann", "t1", 6)]

    assert started.play_name == ended.play_name
    assert len({play.play_name for play in [started, *others]}) == 4


def test_a_producers_own_name_for_a_play_is_kept() -> None:
    """Two starts at one moment are told apart by whoever knows."""
    assert Play("e1", "ann", "t1", 5, play_id="p1").play_name == "p1"
