"""Own followers: what this listener has played after the tracks just heard."""

from candidates.shortlist import offer
from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def shortlist_own_followers(shortlist: Records, own: Records, tracks: Records, plays: Records) -> int:
    """Fill ``shortlist`` from the listener's own plays; return its length."""
    n = 0
    last = plays.shape[0] - 1
    for i in range(last, -1, -1):
        track = plays[i].track
        row = own[track]
        if row.ago == last - i and row.own_near + row.own_far > 0.0:
            n = offer(shortlist, n, track, row.own_near + 0.5 * row.own_far, tracks[track].key)
    return n
