"""Consider: from a listener's plays to candidates with their context and columns, in one call."""

import numpy as np

from candidates.blend import REQUESTED, blend
from candidates.shortlist import ENTRY
from features.context import fill_context
from features.listener.covisits import fold_covisits, place_covisits
from features.listener.layout import BY_ARTIST, OWN, PLAY, SUMMARY, VOTE
from features.listener.recall import recall
from features.listener.session import mark_of
from features.pair import fill_columns
from features.track.layout import CLOCK, FOLLOWER, FOLLOWERS_KEPT, TRACK
from features.track.recent import BLOCK
from numeric.arrays import Bytes, Records, Singles
from numeric.jit import kernel


@kernel
def consider(
    given: Records,
    limit: int,
    now_ms: int,
    gap_ms: int,
    key: np.uint64,
    stamp: int,
    listener: np.uint64,
    play_bytes: Bytes,
    quotas: Records,
    track_bytes: Bytes,
    follower_bytes: Bytes,
    block_bytes: Bytes,
    newest_block: int,
    popular: Records,
    fresh: Records,
    clock_bytes: Bytes,
    own_bytes: Bytes,
    by_artist_bytes: Bytes,
    shortlist_bytes: Bytes,
    summary_bytes: Bytes,
    vote_bytes: Bytes,
    voted: Records,
    candidates: Records,
    sources: Records,
    context: Singles,
    columns: Singles,
) -> int:
    """Fill candidates, their sources, context and columns as known at ``now_ms``; return how many there are.

    ``given`` (handles) are the candidates where ``limit`` is 0; else the sources propose up to
    ``limit``. ``listener`` is the key of the marks of their sessions. Shapes: candidates and sources (m,),
    context (C,), columns (m, P), with m at least as many as there can be. Tables come as bytes: those are
    handed over four times as quickly as named rows.
    """
    plays, tracks, clock = play_bytes.view(PLAY), track_bytes.view(TRACK), clock_bytes.view(CLOCK)
    followers = follower_bytes.view(FOLLOWER).reshape(-1, FOLLOWERS_KEPT)
    own, by_artist = own_bytes.view(OWN), by_artist_bytes.view(BY_ARTIST)
    shortlist, summary = shortlist_bytes.view(ENTRY), summary_bytes.view(SUMMARY)
    recall(plays, now_ms, gap_ms, tracks, followers, popular, clock, own, by_artist, stamp, summary)
    blocks, votes = block_bytes.view(BLOCK), vote_bytes.view(VOTE)
    mark = mark_of(plays, now_ms, gap_ms, listener)
    fold_covisits(summary, plays, own, tracks, blocks, newest_block, mark, votes, voted, stamp)
    if limit == 0:
        n = given.shape[0]
        candidates[:n] = given
        sources[:n] = REQUESTED
    else:
        n = blend(
            candidates[:limit], sources, quotas, shortlist, plays, own, tracks, followers, votes, voted,
            popular, fresh, clock, summary, stamp, key,
        )  # fmt: skip
    place_covisits(candidates[:n], own, votes, summary, stamp)
    fill_context(context, summary)
    fill_columns(columns, candidates[:n], own, tracks, by_artist, summary, stamp)
    return n
