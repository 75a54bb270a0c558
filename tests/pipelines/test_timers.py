"""Timers: by event time, per listener, the same whenever a driver fires them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.serve import FOREVER_MS, fire_timers
from tests.pipelines.making import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    Listening,
    at,
    make_views,
    named,
    play,
    request,
    small,
    track_ids,
)
from topics.codec import encode


def fired(listening: Listening, until_ms: int, received_ms: int | None = None) -> Listening:
    """Fire ann's timers up to a moment, as a driver does."""
    state, views, settings = listening.state, listening.views, listening.settings
    listening.absorb(fire_timers(state, "ann", until_ms, views, settings, received_ms))
    return listening


def test_thirty_quiet_minutes_end_a_play_that_never_said_so(ann: Listening) -> None:
    """At the deadline the play is heard with its verdict unknown; a millisecond before it is not."""
    ann.take(play("e1", "t1", 0))

    early = fired(ann, at(0) + 30 * MINUTE_MS - 1).events.copy()
    fired(ann, at(0) + 30 * MINUTE_MS)

    assert early == []
    assert ann.events == [("heard", "t1", None, 0, at(0), -1)]


def test_a_session_opens_anew_after_thirty_quiet_minutes_and_a_moment(ann: Listening) -> None:
    """Thirty minutes of silence to the millisecond are the same session; one more is another."""
    ann.take(play("e1", "t1", 0, 100))
    ann.take(play("e2", "t2", 100 + 30 * 60, 100))
    ann.take(play("e3", "t3", 200 + 60 * 60 + 0.001, 100))

    followed = [(track, by) for kind, track, by, *_ in ann.events if kind == "followed"]
    assert followed == [("t1", "t2")]


def test_a_timer_fires_before_the_event_it_precedes(ann: Listening) -> None:
    """The next record, after the gap, first ends the session, then follows nobody."""
    ann.take(play("e1", "t1", 0))

    done = ann.take(play("e2", "t2", 2_000, 10))

    assert [named(rows, ann.views) for rows in done.events if len(rows)] == [
        [("heard", "t1", None, 0, at(0), -1)],
        [("heard", "t2", None, 0, at(2_010), 1)],
    ]


def test_the_attribution_window_closes_a_decision_with_its_final_part(ann: Listening) -> None:
    """An hour after the decision its feedback is final, and its slots count as shown."""
    slate = track_ids(ann.ask("r1", 0, "t1", "t2"))

    fired(ann, at(3_600) - 1)
    assert ann.feedback == []
    fired(ann, at(3_600))

    assert [(part.part, part.final, len(part.slots)) for part in ann.feedback] == [(0, True, 2)]
    assert [(kind, track, at_ms) for kind, track, _, _, at_ms, _ in ann.events] == [
        ("shown", track, at(0)) for track in slate
    ]


def test_timers_fire_in_the_order_of_their_deadlines(ann: Listening) -> None:
    """A session of half an hour ends before a window of an hour, which ends before the next one."""
    ann.ask("r1", 0, "t1", "t2")
    ann.take(play("e1", "t3", 60))
    ann.ask("r2", 120, "t4", "t5")

    fired(ann, at(9_000))

    finals = [part.decision_id for part in ann.feedback if part.final]
    assert finals == [scores.decision_id for scores in ann.scores]
    assert [event[0] for event in ann.events].index("heard") == 0


def test_a_timer_is_due_once_its_deadline_is_ten_minutes_behind_the_log(ann: Listening) -> None:
    """deadline + D at or before the append time of the next record: due, whatever its event time."""
    ann.take(play("e1", "t1", 0))
    deadline_ms = at(0) + 30 * MINUTE_MS
    late = play("e2", "t2", -60, 10)

    ann.take(late, received_ms=deadline_ms + 10 * MINUTE_MS - 1)
    assert [event for event in ann.events if event[1] == "t1"] == []
    ann.take(play("e3", "t3", -30, 10), received_ms=deadline_ms + 10 * MINUTE_MS)

    assert ("heard", "t1", None, 0, at(0), -1) in ann.events


def test_a_listener_silent_for_400_days_is_forgotten(ann: Listening) -> None:
    """One day less keeps everything; the 400th makes the next record a stranger's, and is counted."""
    ann.take(play("e1", "t1", 0, 100))
    quiet_s = 400 * DAY_MS / 1000 + 100
    kept = Listening(ann.settings, ann.views)
    kept.absorb(ann.take(request("r0", 100)))

    kept.take(request("r1", quiet_s - 1))
    ann.take(request("r1", quiet_s))

    assert (kept.tracks, kept.counts["expired"]) == (["t1"], 0)
    assert (ann.tracks, ann.counts["expired"]) == ([], 1)


def test_a_driver_that_fires_at_400_days_leaves_no_state(ann: Listening) -> None:
    """None is what a store deletes."""
    ann.take(play("e1", "t1", 0, 100))

    fired(ann, at(100) + 400 * DAY_MS)

    assert ann.kept is None


def test_at_the_end_of_a_log_every_window_closes_and_nobody_is_forgotten(ann: Listening) -> None:
    """Replay's last act: all feedback is final, all listeners stay."""
    ann.ask("r1", 0, "t1", "t2")
    ann.take(play("e1", "t3", 60))

    fired(ann, FOREVER_MS)

    assert ann.tracks == ["t3"]
    assert ann.state.pending == ()
    assert all(any(p.final and p.decision_id == s.decision_id for p in ann.feedback) for s in ann.scores)


def test_nobody_is_forgotten_while_a_decision_awaits_its_plays() -> None:
    """A window longer than the expiry still ends with its final part."""
    settings = small(sessions={"expiry_days": 1}, slates={"attribution_window_ms": 2 * DAY_MS})
    ann = Listening(settings, make_views(settings))
    ann.ask("r1", 0, "t1", "t2")

    fired(ann, at(0) + 2 * DAY_MS)

    assert [part.final for part in ann.feedback] == [True]
    assert ann.kept is None


@st.composite
def evenings(draw: st.DrawFn) -> list[Any]:
    """Plays and requests of one listener, in order, with silences of seconds to hours between them."""
    records: list[Any] = []
    now_s = 0
    for i in range(draw(st.integers(1, 8))):
        now_s += draw(st.sampled_from([5, 60, 200, 1_700, 1_900, 3_700, 40_000]))
        kind = draw(st.sampled_from(["started", "ended", "request"]))
        track = f"t{draw(st.integers(0, 4))}"
        if kind == "request":
            records.append(request(f"r{i}", now_s))
        else:
            records.append(play(f"e{i}", track, now_s, 4 if kind == "ended" else None))
    return records


@given(records=evenings(), data=st.data())
def test_what_timers_emit_is_the_same_whenever_they_fire(records: list[Any], data: st.DataObject) -> None:
    """Fired at every possible moment before the next record, in one go or one by one, nothing changes."""
    settings = small()
    views = make_views(settings)
    plain, eager = Listening(settings, views), Listening(settings, views)

    for record in records:
        plain.take(record)
        if eager.kept is not None:
            moments = st.integers(eager.state.newest_ms, record.at_ms)
            for moment_ms in sorted(data.draw(st.lists(moments, max_size=3))):
                fired(eager, moment_ms)
        eager.take(record)

    assert [encode(part) for part in eager.feedback] == [encode(part) for part in plain.feedback]
    assert [encode(scores) for scores in eager.scores] == [encode(scores) for scores in plain.scores]
    assert eager.events == plain.events
    assert eager.stored == plain.stored


@pytest.mark.parametrize("gap_ms", [MINUTE_MS, 24 * HOUR_MS])
def test_the_gap_is_a_setting(gap_ms: int) -> None:
    """A session ends after as long a silence as the settings say."""
    settings = small(sessions={"gap_ms": gap_ms})
    ann = Listening(settings, make_views(settings))
    ann.take(play("e1", "t1", 0))

    heard = ("heard", "t1", None, 0, at(0), -1)

    assert heard not in fired(ann, at(0) + gap_ms - 1).events
    assert heard in fired(ann, at(0) + gap_ms).events
