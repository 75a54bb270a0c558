"""Serve is a pure function: it never changes what it is given, and what raises changes nothing."""

from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given

from pipelines.listener import Listener
from pipelines.serve import fire_timers, serve
from tests.pipelines.making import Listening, at, make_views, play, request, small
from tests.pipelines.test_order import logs
from topics.dead_letter import Rejected


class Broken(RuntimeError):
    pass


class BrokenPolicy:
    """A policy that works until it is asked."""

    wants_variance = False
    draws = 0

    def probabilities(self, *_: Any) -> Any:
        raise Broken("a bug of ours")


def bits(state: Listener) -> tuple[Any, ...]:
    """Everything in a state, to the last bit."""
    others = [getattr(state, name) for name in state.__struct_fields__ if name != "play_bytes"]
    return state.plays.tobytes(), msgspec.msgpack.encode(others)


def heard(ann: Listening) -> Listener:
    """A state with plays, an open play, a decision with a credited slot and an organic play."""
    ann.take_all([play("e1", "t1", 0, 100), play("e2", "t2", 200, 20)])
    asked = ann.ask("r1", 250, "t3", "t4")
    ann.take_all([play("e3", asked.slate[0].track_id, 260, 100), play("e4", "t9", 400)])
    return ann.state


@pytest.mark.parametrize(
    "record",
    [
        play("x", "t5", 500, 100),
        play("x", "t3", 260, 150),
        play("x", "t5", 4_000, 100),
        play("x", "t5", 10**8),
        request("x", 500),
        request("x", 4_000, candidates=("t1", "t2")),
    ],
    ids=["a play", "a late play", "after timers", "after expiry", "a request", "with candidates"],
)
def test_an_exception_leaves_the_state_as_it_was(ann: Listening, record: Any) -> None:
    """A policy breaks in the middle of the step: the given state keeps every byte, and goes on."""
    state = heard(ann)
    before = bits(state)
    good = ann.views.policy
    ann.views.policy = BrokenPolicy()

    if record.at_ms >= state.newest_ms:
        with pytest.raises(Broken, match="a bug of ours"):
            serve(state, record, ann.views, ann.settings)
    else:
        serve(state, record, ann.views, ann.settings)

    assert bits(state) == before
    ann.views.policy = good
    assert serve(state, record, ann.views, ann.settings).state is not None


def test_firing_timers_leaves_the_given_state_as_it_was(ann: Listening) -> None:
    """A driver may try, fail to commit, and try again."""
    state = heard(ann)
    before = bits(state)

    once, again = (fire_timers(state, "ann", at(10**6), ann.views, ann.settings) for _ in range(2))

    assert bits(state) == before
    assert once.feedback == again.feedback
    assert len(once.feedback) > 0


@given(log=logs())
def test_serve_never_changes_the_state_it_is_given(log: list[Any]) -> None:
    """Whatever comes (in order, late, twice, refused), the state before is the same bytes after."""
    settings = small()
    views = make_views(settings)
    state: Listener | None = None

    for record in log:
        before = None if state is None else bits(state)
        try:
            done = serve(state, record, views, settings)
        except Rejected:
            continue
        finally:
            assert (None if state is None else bits(state)) == before
        state = done.state


def test_the_arrays_of_one_state_are_not_those_of_the_next(ann: Listening) -> None:
    """States share no memory that a later step writes to."""
    first = heard(ann)

    ann.take(play("e5", "t6", 450, 10))

    assert not np.shares_memory(first.plays, ann.state.plays)
