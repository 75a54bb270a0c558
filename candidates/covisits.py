"""Covisits: what recent sessions of others played around the tracks just heard."""

from candidates.shortlist import offer
from numeric.arrays import Records
from numeric.jit import kernel

MATCHED, SEQUEL = 0.4, 0.7  # weights of these shares beside the share of all votes


@kernel
def shortlist_covisits(
    shortlist: Records, tracks: Records, votes: Records, voted: Records, summary: Records
) -> int:
    """Fill ``shortlist`` from the tracks that were ``voted`` for; return its length."""
    now = summary[0]
    covisits = 1.0 / max(now.covisits, 1e-9)
    matches = MATCHED / max(now.matches, 1e-9)
    sequels = SEQUEL / (now.sequels + 0.5)
    n, limit = 0, shortlist.shape[0]
    if limit == 0:
        return 0
    for i in range(now.voted):
        track = voted[i]
        row = votes[track]
        weight = row.covisit * covisits + row.matched * matches + row.sequel * sequels
        if n == limit and weight < shortlist[n - 1].weight:  # most of them: their rows need not be read
            continue
        if weight > 0.0 and tracks[track].known == 1:
            n = offer(shortlist, n, track, weight, tracks[track].key)
    return n
