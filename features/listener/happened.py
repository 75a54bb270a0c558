"""Happened: which track events a listener's plays give rise to, each play once."""

import numpy as np

from features.track.layout import EVENT, FOLLOWED, HEARD, PRECEDED
from numeric.arrays import Records
from numeric.jit import kernel

STEPS = 5  # how far apart two tracks still count as following


@kernel
def happened(plays: Records, kept: int, placed: int, gap_ms: int, over: bool) -> Records:
    """Return the events of plays whose end is now known, or that another play or silence ended.

    ``placed`` is the row of a play just met for the first time, −1 for none: it follows those before
    it in its session, and they precede it. ``over`` says that the newest play is over, too.
    Marks plays as counted, in place.
    """
    n = plays.shape[0]
    events = np.empty(2 * STEPS + kept, EVENT)
    count = 0
    if placed >= 0:
        new = plays[placed]
        until_ms = new.started_ms
        for steps in range(1, STEPS + 1):
            if placed < steps:
                break
            before = plays[placed - steps]
            if until_ms - before.at_ms > gap_ms:
                break
            until_ms = before.started_ms
            _write_pair(events[count], FOLLOWED, new.at_ms, before.track, new.track, steps)
            count += 1
            if before.track != new.track:
                _write_pair(events[count], PRECEDED, new.at_ms, new.track, before.track, steps)
                count += 1
    for i in range(n - kept, n):
        play = plays[i]
        if play.counted == 1 or not (play.ended == 1 or over or i < n - 1):
            continue
        play.counted = 1
        event = events[count]
        count += 1
        event.kind = HEARD
        event.at_ms = play.at_ms
        event.track = play.track
        event.by = -1
        event.steps = 0
        event.residual = 0.0
        event.share = play.share
        event.skipped = play.skipped
    return events[:count]


@kernel
def _write_pair(event: Records, kind: int, at_ms: int, track: int, by: int, steps: int) -> None:
    event.kind = kind
    event.at_ms = at_ms
    event.track = track
    event.by = by
    event.steps = steps
    event.residual = 0.0
    event.share = np.nan
    event.skipped = -1
