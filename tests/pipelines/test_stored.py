"""A stored listener comes back as it was, in a process that knows the tracks by other handles."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.listener import new_listener, restore_listener, store_listener
from tests.pipelines.making import Listening, make_views, play, request, small
from tests.pipelines.test_order import logs
from topics.dead_letter import Rejected


def test_nobody_met_is_stored_too() -> None:
    """An empty state makes the round trip."""
    before = new_listener()

    after = restore_listener(store_listener(before, []), lambda name: -1)

    assert len(after.plays) == 0
    assert fields(after) == fields(before)


def fields(state: Any) -> dict[str, Any]:
    """Everything but the plays."""
    return {name: getattr(state, name) for name in state.__struct_fields__ if name != "play_bytes"}


@pytest.mark.compiled
@pytest.mark.parametrize("changes", [{}, {"sessions": {"history_bytes": 1_024}}], ids=["kept", "folded away"])
def test_a_listener_comes_back_as_it_was_stored(changes: dict[str, Any]) -> None:
    """Every field of every play and decision, to the last bit; also of plays that are folded away."""
    settings = small(**changes)
    views = make_views(settings)

    @given(log=logs(spread_s=20_000))
    def check(log: list[Any]) -> None:
        ann = Listening(settings, views)
        for record in log:
            try:
                ann.take(record)
            except Rejected:
                continue
        other = Listening(settings, make_views(settings, tracks=0))
        other.views.table.handle("a stranger, so that handles differ")

        other.kept = restore_listener(ann.stored, other.views.table.handle)

        assert other.plays == ann.plays
        assert fields(other.state) == fields(ann.state)
        assert restored_again(ann) == ann.stored

    check()


def test_decisions_from_before_other_columns_are_let_go(
    ann: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade that changed the columns the plays are as before, and nothing is learned amiss."""
    for i in range(3):
        ann.take(play(f"e{i}", f"t{i}", 60 * i))
    monkeypatch.setattr("pipelines.listener.LAYOUT", "as it was")
    stored = ann.stored
    monkeypatch.undo()

    after = restore_listener(stored, ann.views.table.handle)

    assert ann.state.pending
    assert after.pending == ()
    assert after.plays.tobytes() == ann.state.plays.tobytes()


def restored_again(ann: Listening) -> bytes:
    """Stored, restored and stored once more, in the same process."""
    return store_listener(restore_listener(ann.stored, ann.views.table.handle), ann.views.table.names)


@pytest.mark.compiled
def test_a_listener_goes_on_after_a_restart_as_if_there_had_been_none(ann: Listening) -> None:
    """Stored and restored between any two records, plays old and new: the same outputs, to the byte."""
    dice = np.random.default_rng(3)
    other = Listening(ann.settings, ann.views)
    for i in range(250):
        record: Any = play(
            f"e{i}", f"t{dice.integers(9)}", 70 * i + int(dice.integers(90)), int(dice.integers(1, 90))
        )
        record = request(f"r{i}", 70 * i, candidates=("t1", "t2", "t3")) if i % 7 == 3 else record
        for listening in (ann, other):
            listening.take(record)
        other.kept = restore_listener(other.stored, other.views.table.handle)

    assert (other.scores, other.feedback, other.events) == (ann.scores, ann.feedback, ann.events)
    assert other.plays == ann.plays


@pytest.mark.compiled
@given(
    share=st.none() | st.floats(0, 1),
    heard_ms=st.integers(0, 7 * 86_400_000),
    liked=st.integers(-1, 1),
    skipped=st.none() | st.booleans(),
)
def test_folding_a_play_away_keeps_what_its_smaller_form_can_hold(
    share: float | None, heard_ms: int, liked: int, skipped: bool | None
) -> None:
    """Stored or not makes no difference to a play that was folded away, however odd."""
    settings = small(sessions={"history_bytes": 1_024})
    ann = Listening(settings, make_views(settings, tracks=3))
    length_ms = None if not share else max(1, int(heard_ms / share)) if heard_ms / share < 6e8 else None
    odd = play("odd", "t1", 0.123, heard_ms / 1_000, length_ms=length_ms, liked=liked, skipped=skipped)
    ann.take(odd)
    for i in range(20):
        ann.take(play(f"e{i}", "t2", heard_ms / 1_000 + 1 + i, 0.5, liked=-1))
    assert ann.state.kept < 21

    again = restore_listener(ann.stored, ann.views.table.handle)

    assert again.plays.tolist()[0] == pytest.approx(ann.state.plays.tolist()[0], nan_ok=True, abs=0)
    assert ann.state.plays[0]["liked"] == liked
