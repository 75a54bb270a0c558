"""Influence: beyond a listener's share of an hour nothing of theirs reaches what everybody shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pipelines.influence import spent
from pipelines.listener import restore_listener
from pipelines.serve import FOREVER_MS, Transition, fire_timers
from pipelines.settings import HOUR_MS
from tests.pipelines.making import START_MS, Listening, at, play, request, small

FEW = 4
FEW_AN_HOUR = small(limits={"records_per_hour": FEW})


def told(done: Transition) -> tuple[int, int, bool]:
    """How many parts of feedback and track events a record gave rise to, and whether rings know it."""
    return len(done.feedback), sum(map(len, done.events)), done.recent is not None


def spending(records: int) -> Listening:
    """Ann, who has played so many tracks within a minute, each known to have ended."""
    ann = Listening(FEW_AN_HOUR)
    for k in range(records):
        ann.take(play(f"e{k}", f"t{k}", 10 * k, 10))
    return ann


def test_a_play_beyond_the_limit_is_answered_and_tells_nobody() -> None:
    """It is in its listener's history, gets scores, and gives neither feedback nor events."""
    ann = spending(FEW)

    done = ann.take(play("more", "t9", 100, 10))

    assert done.decided is not None
    assert done.decided.scores.slate
    assert told(done) == (0, 0, False)
    assert done.counts["beyond_limit"] == 1
    assert ann.tracks[-1] == "t9"


def test_a_play_within_the_limit_tells() -> None:
    """The last one that counts: without it the test above would prove nothing."""
    ann = spending(FEW - 1)

    done = ann.take(play("more", "t9", 100, 10))

    assert told(done) > (0, 1, True)
    assert "beyond_limit" not in done.counts


def test_an_answer_beyond_the_limit_awaits_no_plays() -> None:
    """Who asks beyond it gets a slate, and nothing is learned from who ignores or plays it."""
    ann = spending(FEW)
    before = ann.state.pending

    slate = ann.take(request("r", 100)).decided
    assert slate is not None
    done = ann.take(play("answer", slate.scores.slate[0].track_id, 101, 5))

    assert ann.state.pending == before
    assert told(done) == (0, 0, False)


@pytest.mark.parametrize("heard_s", [None, 10], ids=["open", "ended"])
def test_what_began_beyond_the_limit_is_not_told_when_its_session_ends(heard_s: float | None) -> None:
    """Silence tells of the decisions that counted, and of no play."""
    ann = spending(FEW)
    ann.take(play("more", "t9", 100, heard_s))

    done = fire_timers(ann.state, "ann", FOREVER_MS, ann.views, ann.settings)

    assert all(set(rows["kind"].tolist()) == {2} for rows in done.events)  # shown


def test_influence_comes_back_with_time() -> None:
    """Four an hour are one every quarter of an hour."""
    ann = spending(FEW)

    early = ann.take(play("early", "t8", 60 * 14, 10))
    later = ann.take(play("later", "t9", 60 * 16, 10))
    again = ann.take(play("again", "t7", 60 * 17, 10))

    assert told(early) == (0, 0, False)
    assert told(later) > (0, 1, True)
    assert told(again) == (0, 0, False)


def test_time_is_the_logs_where_it_is_known() -> None:
    """Whoever sends plays of all years at once spends one hour's share."""
    ann = Listening(FEW_AN_HOUR)
    year_s = 365 * 86_400

    counted = [
        "beyond_limit" not in ann.take(play(f"e{k}", "t1", k * year_s / 20, 10), at(year_s)).counts
        for k in range(20)
    ]

    assert counted == [True] * FEW + [False] * (20 - FEW)


def test_what_is_refused_or_known_spends_nothing() -> None:
    """A duplicate takes nothing of its listener's share."""
    ann = spending(FEW - 1)
    for _ in range(3):
        assert ann.take(play("e0", "t0", 0, 10)).counts["duplicate"] == 1

    assert "beyond_limit" not in ann.take(play("more", "t9", 100, 10)).counts


def test_the_stored_form_keeps_what_is_spent() -> None:
    """A restart gives nobody a new share."""
    ann = spending(FEW)

    assert restore_listener(ann.stored, ann.views.table.handle).spent_ms == ann.state.spent_ms > START_MS


@given(
    some.integers(1, 200),
    some.lists(some.integers(0, 2 * HOUR_MS), min_size=1, max_size=60),
    some.integers(0, 10 * HOUR_MS),
    some.integers(1, 5 * HOUR_MS),
)
def test_no_stretch_of_time_counts_more_than_its_share(
    limit: int, gaps_ms: list[int], begins_ms: int, lasts_ms: int
) -> None:
    """At most N · (1 + hours), wherever the stretch lies."""
    settings = small(limits={"records_per_hour": limit})
    until_ms, now_ms, counted = -1, 0, 0
    for k in range(len(gaps_ms) * 10):
        now_ms += gaps_ms[k // 10] if k % 10 == 0 else 0
        after_ms = spent(until_ms, now_ms, settings)
        if after_ms is None:
            continue
        until_ms = after_ms
        counted += begins_ms <= now_ms < begins_ms + lasts_ms

    assert counted <= limit * (1 + lasts_ms / HOUR_MS) + 1  # whole milliseconds a record
