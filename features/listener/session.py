"""Session: the run of plays up to now without a silence longer than the gap."""

import numpy as np

from numeric import dice
from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def first_of_session(plays: Records, now_ms: int, gap_ms: int) -> int:
    """Return the row of the present session's first play; ``len(plays)`` if the last one is over.

    Silence runs from the event time of one play to the start of the next.
    """
    i = plays.shape[0]
    until = now_ms
    while i > 0 and until - plays[i - 1].at_ms <= gap_ms:
        i -= 1
        until = plays[i].started_ms
    return i


MANY_PLAYS = 64  # from here on the first play of a session may be folded away under way


@kernel
def mark_of(plays: Records, now_ms: int, gap_ms: int, key: np.uint64) -> np.uint64:
    """Return the name of the session open at ``now_ms``: a keyed hash of when it began.

    A session that reaches back to the first of many kept plays has no beginning any more: the same name
    for all of it. Without an open session it is the name of one that no play belongs to.
    """
    first = first_of_session(plays, now_ms, gap_ms)
    if first == plays.shape[0]:
        return dice.bits(key, now_ms // 1_000)
    if first == 0 and plays.shape[0] >= MANY_PLAYS:
        return dice.bits(key, 0)
    return dice.bits(key, plays[first].started_ms // 1_000)
