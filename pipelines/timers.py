"""Timers: what a listener's state waits for, by event time."""

from typing import Literal, NamedTuple

from msgspec.structs import replace

from pipelines.listener import Listener
from pipelines.settings import DAY_MS, Settings

NEVER_MS = 2**62


class Deadline(NamedTuple):
    """The next thing to happen to a listener if no record comes."""

    at_ms: int
    kind: Literal["window", "session", "expiry"]
    place: int = 0  # of the pending decision


def earliest_ms(listener: Listener, settings: Settings) -> int:
    """Return when the listener's next timer is due; nobody is forgotten while something is awaited."""
    due_ms = NEVER_MS
    if listener.open_ms >= 0:
        due_ms = listener.open_ms + settings.sessions.gap_ms
    if listener.pending:
        first_ms = min([decision.at_ms for decision in listener.pending])
        due_ms = min(due_ms, first_ms + settings.slates.attribution_window_ms)
    if due_ms == NEVER_MS:
        return listener.newest_ms + settings.sessions.expiry_days * DAY_MS
    return due_ms


def with_due(listener: Listener, settings: Settings) -> Listener:
    """Return the listener with ``due_ms`` as it follows from the rest."""
    return replace(listener, due_ms=earliest_ms(listener, settings))


def next_deadline(listener: Listener, settings: Settings) -> Deadline:
    """Return the listener's next timer: among equals attribution windows first, the older first."""
    due_ms = earliest_ms(listener, settings)
    for place, decision in enumerate(listener.pending):
        if decision.at_ms + settings.slates.attribution_window_ms == due_ms:
            return Deadline(due_ms, "window", place)
    if listener.open_ms >= 0 and listener.open_ms + settings.sessions.gap_ms == due_ms:
        return Deadline(due_ms, "session")
    return Deadline(due_ms, "expiry")
