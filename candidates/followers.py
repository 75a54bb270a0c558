"""Followers: what everybody plays after the tracks just heard, one to several steps on."""

from candidates.shortlist import offer
from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def shortlist_followers(
    shortlist: Records,
    own: Records,
    tracks: Records,
    followers: Records,
    summary: Records,
    stamp: int,
) -> int:
    """Fill ``shortlist`` from the followers of the newest distinct tracks; return its length."""
    now = summary[0]
    n = 0
    for p in range(now.prefixes):
        before = now.prefix[p]
        for k in range(followers.shape[1]):
            track = followers[before, k].track
            if track < 0:
                break
            row = own[track]
            if row.weighed == stamp or tracks[track].known == 0:
                continue
            row.weighed = stamp
            n = offer(shortlist, n, track, row.near + 0.5 * row.far, tracks[track].key)
    return n
