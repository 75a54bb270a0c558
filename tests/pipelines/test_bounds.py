"""Bounds: a listener's stored state stays within 16 KiB whatever comes, and loses nothing it may keep."""

from typing import Any

import numpy as np
import pytest

from features.listener.plays import KEPT_MAX
from pipelines.listener import STATE_BYTES_MAX
from tests.pipelines.making import Listening, make_views, play, request, small
from topics.play import Play
from topics.track import Track


def long_id(prefix: str, i: int) -> str:
    """An id of 64 bytes, as long as ids may be."""
    return f"{prefix}{i:x}".rjust(64, "x")


def hostile(settings: Any, tracks: int) -> Listening:
    """A listener whose catalogue has ids of 64 bytes."""
    ann = Listening(settings, make_views(settings, tracks=0))
    for i in range(tracks):
        ann.views.table.list_track(Track(long_id("t", i), artist_id=long_id("a", i % 50), length_ms=200_000))
    return ann


@pytest.mark.compiled
@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"sessions": {"history_bytes": 12_288, "history_plays": 4_096}},
        {"sessions": {"history_bytes": 1_024}},
        {"slates": {"limit": 50, "pending": 16, "attribution_window_ms": 30 * 86_400_000}},
    ],
    ids=["defaults", "much history", "little history", "long slates that wait"],
)
def test_a_stored_listener_never_takes_more_than_16_kib(sections: dict[str, Any]) -> None:
    """Ids of 64 bytes, slates of 50, thousands of plays, most of them played from the slates."""
    merged = {"candidates": {"limit": 100}, "slates": {"limit": 50}} | sections
    settings = small(**merged)
    ann = hostile(settings, tracks=300)
    dice = np.random.default_rng(1)
    sizes = []
    for i in range(2_000):
        offered = ann.scores[-1].slate if ann.scores else ()
        track = offered[dice.integers(len(offered))].track_id if offered and i % 4 else long_id("u", i)
        record = play(long_id("e", i), track, 50 * i, int(dice.integers(0, 40)), play_id=long_id("p", i))
        ann.take(record if i % 10 else request(long_id("r", i), 50 * i, limit=50))
        if i % 20 == 0:
            sizes.append(len(ann.stored))

    assert max(sizes) <= STATE_BYTES_MAX
    assert max(sizes) > 0.6 * STATE_BYTES_MAX or settings.sessions.history_bytes == 1_024


def test_what_a_waiting_decision_is_thought_to_take_is_never_less_than_it_takes() -> None:
    """The estimate that bounds the queue is an upper bound for every state on the way."""
    settings = small()
    ann = hostile(settings, tracks=12)
    for i in range(30):
        offered = ann.scores[-1].slate if ann.scores else ()
        ann.take(play(f"e{i}", offered[i % 4].track_id if offered and i % 3 else "t9", 30 * i, 20))
        waiting = [len(_alone(ann, place)) for place in range(len(ann.state.pending))]
        nothing = len(_alone(ann, None))

        assert all(
            decision.size >= taken - nothing
            for decision, taken in zip(ann.state.pending, waiting, strict=True)
        )


def _alone(ann: Listening, place: int | None) -> bytes:
    """The stored state with one of its waiting decisions, or none."""
    other = Listening(ann.settings, ann.views)
    fields = {name: getattr(ann.state, name) for name in ann.state.__struct_fields__}
    fields["pending"] = () if place is None else (ann.state.pending[place],)
    other.kept = type(ann.state)(**fields)
    return other.stored


def test_a_decision_closed_for_want_of_room_tells_its_final_part() -> None:
    """Slates of fifty with long ids do not all fit: the oldest is final before its window ends."""
    settings = small(candidates={"limit": 50}, slates={"limit": 50})
    ann = hostile(settings, tracks=60)
    names = tuple(long_id("t", i) for i in range(50))

    first, second = (ann.ask(f"r{i}", i, *names) for i in range(2))

    assert [(part.decision_id, part.final) for part in ann.feedback] == [(first.decision_id, True)]
    assert [waiting.decision_id for waiting in ann.state.pending] == [second.decision_id]


@pytest.mark.compiled
def test_history_keeps_as_many_plays_as_the_setting_says(ann: Listening) -> None:
    """512 by default, the newest; of them the newest 64 can still change."""
    ann.take_all([play(f"e{i}", f"t{i % 12}", 60 * i, 50) for i in range(600)])

    assert len(ann.state.plays) == 512
    assert ann.state.kept == KEPT_MAX
    assert ann.tracks[-1] == f"t{599 % 12}"


def test_a_short_history_is_a_setting() -> None:
    """Sixteen plays and no more."""
    settings = small(sessions={"history_plays": 16})
    ann = Listening(settings, make_views(settings))

    ann.take_all([play(f"e{i}", f"t{i % 12}", 60 * i, 50) for i in range(40)])

    assert ann.tracks == [f"t{i % 12}" for i in range(24, 40)]


def test_a_day_in_one_minute_is_bounded_like_a_quiet_year(ann: Listening) -> None:
    """Hundreds of plays with one start: the newest stay changeable, the others are history."""
    records: list[Play] = [play(f"e{i}", f"t{i % 12}", 0, play_id=f"p{i}") for i in range(150)]

    ann.take_all([*records])

    assert len(ann.state.plays) == 150
    assert ann.state.kept == KEPT_MAX
    assert ann.counts["late_applied"] == 0
