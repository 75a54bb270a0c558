"""Consider: from a listener's plays to candidates with their context and columns, in one call."""

import numpy as np

from candidates.blend import REQUESTED, blend
from features.context import fill_context
from features.listener.recall import recall
from features.pair import fill_columns
from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def consider(
    given: Records,
    limit: int,
    now_ms: int,
    gap_ms: int,
    key: np.uint64,
    stamp: int,
    plays: Records,
    quotas: Records,
    tracks: Records,
    followers: Records,
    popular: Records,
    fresh: Records,
    clock: Records,
    own: Records,
    by_artist: Records,
    shortlist: Records,
    summary: Records,
    context_length: int,
    columns_length: int,
) -> tuple[Records, Records, Records, Records]:
    """Return (candidates, their sources, context, columns) as known at ``now_ms``.

    ``given`` (handles) are the candidates where ``limit`` is 0; else the sources propose up to
    ``limit``. Shapes: candidates and sources (n,), context (context_length,), columns
    (n, columns_length), both float32.
    """
    recall(plays, now_ms, gap_ms, tracks, followers, popular, clock, own, by_artist, stamp, summary)
    if limit == 0:
        candidates = given.copy()
        sources = np.full(given.shape[0], REQUESTED, np.uint8)
    else:
        room = np.empty(limit, np.int32)
        room_sources = np.empty(limit, np.uint8)
        n = blend(
            room, room_sources, quotas, shortlist, plays, own, tracks, followers, popular, fresh, clock,
            summary, stamp, key,
        )  # fmt: skip
        candidates = room[:n].copy()
        sources = room_sources[:n].copy()
    context = np.empty(context_length, np.float32)
    columns = np.empty((candidates.shape[0], columns_length), np.float32)
    fill_context(context, summary)
    fill_columns(columns, candidates, own, tracks, by_artist, summary, stamp)
    return candidates, sources, context, columns
