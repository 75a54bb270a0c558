"""Plays: a listener's kept history, in order of start, each play once.

The newest plays (at most `KEPT_MAX`, at most a day old) keep hashes of their names, so that records
can still arrive late, twice, or as "started" then "ended". Older ones only count as history.
"""

import numpy as np

from numeric.jit import kernel

KEPT_MAX = 256
LATENESS_MS = 86_400_000
KEPT_BYTES, OLD_BYTES, NAME_BYTES = 44, 10, 2  # stored size of a play, of an older one, of a name's frame
SHARE_STEPS = 254.0  # an older play's share is kept in one byte

DUPLICATE, UPDATED, INSERTED = 0, 1, 2


@kernel
def place(plays: np.ndarray, kept: int, entry: np.ndarray) -> tuple[np.ndarray, int, int]:
    """Return (plays with the record in its place, what happened, the play's row).

    ``entry`` has one row. Plays are ordered by start; equal starts stay in log order.
    """
    new = entry[0]
    n = plays.shape[0]
    for i in range(n - 1, n - 1 - kept, -1):
        old = plays[i]
        if old.event == new.event or old.opened == new.event:
            return plays, DUPLICATE, i
        if old.play == new.play:
            changed = plays.copy()
            _merge(changed, i, new)
            return changed, UPDATED, i
    i = n
    while i > n - kept and plays[i - 1].started_ms > new.started_ms:
        i -= 1
    longer = np.empty(n + 1, plays.dtype)
    longer[:i] = plays[:i]
    longer[i] = new
    longer[i + 1 :] = plays[i:]
    return longer, INSERTED, i


@kernel
def _merge(plays: np.ndarray, i: int, new: np.ndarray) -> None:
    old = plays[i]
    if new.liked != 0:
        old.liked = new.liked
    if new.at_ms < old.at_ms:  # the "started" that comes after its "ended"
        old.opened = new.event
        return
    old.at_ms = new.at_ms
    old.opened = old.event
    old.event = new.event
    if new.ended == 1:
        old.ended = 1
        old.share = new.share
        old.skipped = new.skipped


@kernel
def _close(play: np.ndarray) -> None:
    """Forget a play's names and keep whole seconds, so that it fits its smaller stored form."""
    play.play = 0
    play.event = 0
    play.opened = 0
    lasted_s = min((play.at_ms - play.started_ms) // 1_000, 65_535)
    play.started_ms = play.started_ms // 1_000 * 1_000
    play.at_ms = play.started_ms + lasted_s * 1_000
    if not np.isnan(play.share):
        play.share = np.float32(np.floor(play.share * SHARE_STEPS + 0.5) / SHARE_STEPS)


@kernel
def trim(
    plays: np.ndarray,
    kept: int,
    floor_ms: int,
    tracks: np.ndarray,
    own: np.ndarray,
    stamp: int,
    newest_ms: int,
    plays_max: int,
    bytes_max: int,
) -> tuple[np.ndarray, int, int]:
    """Return (plays within their bounds, how many stay changeable, the newer floor).

    ``floor_ms`` is the newest event time among plays that can no longer change: what is older comes
    too late. The result depends on the plays alone, not on the order in which they came.
    """
    n = plays.shape[0]
    first = n
    size = 0
    open_from = max(0, n - KEPT_MAX)
    while open_from < n and plays[open_from].at_ms < newest_ms - LATENESS_MS:
        open_from += 1
    while first > 0 and n - first < plays_max:
        play = plays[first - 1]
        size += KEPT_BYTES if first - 1 >= open_from else OLD_BYTES
        row = own[play.track]
        if row.stamp != stamp:
            row.stamp = stamp
            size += NAME_BYTES + tracks[play.track].id_bytes
        if size > bytes_max:
            break
        first -= 1
    closing_to = max(open_from, first)
    closing_from = min(n - kept, closing_to) if kept < n else 0
    for i in range(closing_from, closing_to):
        play = plays[i]
        floor_ms = max(floor_ms, play.at_ms)
        _close(play)
    if first == 0:
        return plays, n - closing_to, floor_ms
    return plays[first:].copy(), n - closing_to, floor_ms
