"""Timers: what a listener's state waits for, by event time."""

from typing import Literal, NamedTuple

from pipelines.listener import Listener, Pending
from pipelines.settings import DAY_MS, Settings


class Deadline(NamedTuple):
    """The next thing to happen if nothing else does."""

    at_ms: int
    kind: Literal["window", "session", "expiry"]
    place: int = 0  # of the pending decision


def window_end(decision: Pending, settings: Settings) -> int:
    """Return when no later play can be credited to a decision."""
    return decision.at_ms + settings.slates.attribution_window_ms


def next_deadline(listener: Listener, settings: Settings) -> Deadline:
    """Return the listener's earliest deadline: attribution windows first among equals.

    An open organic play waits like the decision it was noted beside.
    """
    next_up = Deadline(listener.newest_ms + settings.sessions.expiry_days * DAY_MS, "expiry")
    if len(listener.plays) and not listener.plays[-1]["counted"]:
        silence = int(listener.plays[-1]["at_ms"]) + settings.sessions.gap_ms
        next_up = Deadline(silence, "session")
    for place, decision in enumerate(listener.pending):
        end = window_end(decision, settings)
        if end <= next_up.at_ms and (end < next_up.at_ms or next_up.kind != "window"):
            next_up = Deadline(end, "window", place)
    return next_up
