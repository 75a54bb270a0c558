"""Repeats: tracks this listener has played before, often or lately."""

from candidates.shortlist import offer
from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def shortlist_repeats(shortlist: Records, own: Records, tracks: Records, plays: Records) -> int:
    """Fill ``shortlist`` with the listener's tracks by plays over age; return its length."""
    n = 0
    last = plays.shape[0] - 1
    for i in range(last, -1, -1):
        track = plays[i].track
        row = own[track]
        if row.ago == last - i:
            n = offer(shortlist, n, track, (1.0 + row.plays) / (16.0 + row.ago), tracks[track].key)
    return n
