"""Blend: one list of distinct, playable candidates from all sources, each up to its quota."""

import numpy as np

from candidates.covisits import shortlist_covisits
from candidates.followers import shortlist_followers
from candidates.fresh import fresh_track
from candidates.own_followers import shortlist_own_followers
from candidates.repeats import shortlist_repeats
from numeric.arrays import Records
from numeric.jit import kernel

OWN_FOLLOWERS, COVISITS, FOLLOWERS, REPEATS, FRESH, POPULAR, REQUESTED = range(7)


@kernel
def blend(
    candidates: Records,
    sources: Records,
    quotas: Records,
    shortlist: Records,
    plays: Records,
    own: Records,
    tracks: Records,
    followers: Records,
    votes: Records,
    voted: Records,
    popular: Records,
    fresh: Records,
    clock: Records,
    summary: Records,
    stamp: int,
    key: np.uint64,
) -> int:
    """Fill ``candidates`` (handles) and ``sources``; return how many there are.

    Sources propose in turn, each up to its quota of new tracks; followers may fill what covisits leave,
    popular tracks the rest.
    ``quotas`` (6,) follows the order of the source numbers; ``own`` must hold this recall's rows.
    """
    n = 0
    length = shortlist_own_followers(shortlist[: quotas[OWN_FOLLOWERS]], own, tracks, plays)
    n = _take(candidates, sources, n, shortlist, length, OWN_FOLLOWERS, own, tracks, stamp)
    length = shortlist_covisits(shortlist[: quotas[COVISITS]], tracks, votes, voted, summary)
    n = _take(candidates, sources, n, shortlist, length, COVISITS, own, tracks, stamp)
    room = quotas[FOLLOWERS]
    if room > 0:  # what covisits leave is for followers: they know the same, in less detail
        room += quotas[COVISITS] - length
    length = shortlist_followers(shortlist[:room], own, tracks, followers, summary, stamp)
    n = _take(candidates, sources, n, shortlist, length, FOLLOWERS, own, tracks, stamp)
    length = shortlist_repeats(shortlist[: quotas[REPEATS]], own, tracks, plays)
    n = _take(candidates, sources, n, shortlist, length, REPEATS, own, tracks, stamp)
    end = min(n + quotas[FRESH], candidates.shape[0])
    for i in range(clock[0].fresh):
        if n >= end:
            break
        track = fresh_track(fresh, clock, tracks, summary, key, i)
        if track >= 0:
            n = _choose(candidates, sources, n, track, FRESH, own, tracks, stamp)
    end = min(n + quotas[POPULAR], candidates.shape[0])
    for i in range(clock[0].popular):
        if n >= end:
            break
        n = _choose(candidates, sources, n, popular[i], POPULAR, own, tracks, stamp)
    return n


@kernel
def _take(
    candidates: Records,
    sources: Records,
    n: int,
    shortlist: Records,
    length: int,
    source: int,
    own: Records,
    tracks: Records,
    stamp: int,
) -> int:
    for i in range(length):
        n = _choose(candidates, sources, n, shortlist[i].track, source, own, tracks, stamp)
    return n


@kernel
def _choose(
    candidates: Records,
    sources: Records,
    n: int,
    track: int,
    source: int,
    own: Records,
    tracks: Records,
    stamp: int,
) -> int:
    row = own[track]
    if n == candidates.shape[0] or row.chosen == stamp or tracks[track].playable == 0:
        return n
    row.chosen = stamp
    candidates[n] = track
    sources[n] = source
    return n + 1
