"""Plays: what names them and when they happened."""

import pytest
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


@pytest.mark.parametrize("odd", ["a\x1fb", "a\0", "\x1b[2Jann", "a\nb", "a\x7f", "ü\x9b31m"])
def test_an_id_holds_no_control_characters(odd: str) -> None:
    """Names are joined with one, and a terminal would obey others; the message says which."""
    with pytest.raises(ValueError, match=r"listener_id holds the control character U\+00"):
        Play("e1", odd, "t1", 0)


def test_ids_are_compared_byte_for_byte() -> None:
    """What looks alike is not the same: forms, cases, spaces and what cannot be seen stay as they came."""
    looks = ["é", "e\u0301", "E\u0301", "é ", "é\u200b", "\u202eé", "é\u00a0", "ｅ\u0301"]

    ids = {Play("e1", look, look, 0).play_name for look in looks}

    assert len(ids) == len(looks)
