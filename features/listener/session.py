"""Session: the run of plays up to now without a silence longer than the gap."""

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
