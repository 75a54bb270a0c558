"""Plays: a listener's kept history, in order of start, each play once.

The newest `KEPT_MAX` plays keep hashes of their names, so that records can still arrive late, twice, or
as "started" then "ended". Older ones are folded away: they only count as history. What is folded away
and what is dropped depends on a play's rank and on the plays behind it, never on the order in which
they came: ranks only grow, so a play that one order folds away, every order folds away.
"""

import numpy as np

from numeric.arrays import Records
from numeric.jit import kernel

KEPT_MAX = 64
LATENESS_MS = 86_400_000
KEPT_BYTES, OLD_BYTES, NAME_BYTES = 43, 10, 2  # stored size of a play, of an older one, of a name's frame
SHARE_STEPS = 254.0  # an older play's share is kept in one byte

DUPLICATE, UPDATED, INSERTED = 0, 1, 2


@kernel
def place(plays: Records, kept: int, entry: Records) -> tuple[Records, int, int]:
    """Return (plays with the record in its place, what happened, the play's row).

    ``entry`` has one row. Plays are ordered by start, then by event time; equals stay in log order.
    Records with one name are one play if they start within a day of each other.
    """
    new = entry[0]
    n = plays.shape[0]
    found = -1
    new.turn = 0
    for i in range(n - 1, n - 1 - kept, -1):
        old = plays[i]
        new.turn = max(new.turn, old.turn + 1)
        if new.event in (old.event, old.opened):
            return plays, DUPLICATE, i
        if found < 0 and old.play == new.play and abs(old.started_ms - new.started_ms) <= LATENESS_MS:
            found = i
    longer = np.empty(n + (found < 0), plays.dtype)
    longer[:n] = plays
    if found < 0:
        longer[n] = new
        return longer, INSERTED, _sift(longer, n, n - kept)
    if _merge(longer, found, new):
        found = _sift(longer, found, n - kept)
    return longer, UPDATED, found


@kernel
def _sift(plays: Records, i: int, first: int) -> int:
    """Move one play to its place among those from ``first`` on, behind its equals; return that place."""
    moved = plays[i : i + 1].copy()
    while i > first and _before(moved[0], plays[i - 1]):
        plays[i] = plays[i - 1]
        i -= 1
    while i + 1 < plays.shape[0] and not _before(moved[0], plays[i + 1]):
        plays[i] = plays[i + 1]
        i += 1
    plays[i] = moved[0]
    return i


@kernel
def _before(one: Records, other: Records) -> bool:
    if one.started_ms != other.started_ms:
        return one.started_ms < other.started_ms
    if one.at_ms != other.at_ms:
        return one.at_ms < other.at_ms
    return one.turn < other.turn


@kernel
def _merge(plays: Records, i: int, new: Records) -> bool:
    """Add what a record says to a play that is known; tell whether the play may have to move.

    What is newer in event time wins, whichever came first; a play starts with its earliest record.
    """
    old = plays[i]
    late = new.at_ms < old.at_ms  # such as the "started" that comes after its "ended"
    earlier = new.started_ms < old.started_ms
    if earlier:
        old.started_ms = new.started_ms
    if new.liked != 0 and (old.liked == 0 or not late):
        old.liked = new.liked
    if new.ended == 1 and (old.ended == 0 or not late):
        old.ended = 1
        old.share = new.share
        old.skipped = new.skipped
    if late:
        old.opened = new.event
        return earlier
    old.at_ms = new.at_ms
    old.turn = new.turn
    old.opened = old.event
    old.event = new.event
    return True


@kernel
def _close(play: Records) -> None:
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
def kept_most(bytes_max: int) -> int:
    """Return how many plays keep their names: what that costs is at most half of the bytes."""
    return min(KEPT_MAX, bytes_max // (2 * (KEPT_BYTES - OLD_BYTES)))


@kernel
def trim(
    plays: Records,
    kept: int,
    floor_ms: int,
    tracks: Records,
    own: Records,
    stamp: int,
    bounds: tuple[int, int, int],
) -> tuple[Records, int, int]:
    """Return (plays within their bounds, how many stay changeable, the newer floor).

    ``bounds`` are the most plays and bytes kept, and the most bytes that a track's id has. ``floor_ms`` is
    the newest start among plays that can no longer change: what starts before it comes too late.
    """
    n = plays.shape[0]
    plays_max, bytes_max, longest_id = bounds
    changeable = kept_most(bytes_max)
    size = changeable * (KEPT_BYTES - OLD_BYTES)
    fits = n <= plays_max and size + n * (OLD_BYTES + NAME_BYTES + longest_id) <= bytes_max
    first = 0 if fits else n  # only a long history is measured, play by play
    while first > 0 and n - first < plays_max:
        play = plays[first - 1]
        size += OLD_BYTES
        row = own[play.track]
        if row.stamp != stamp:
            row.stamp = stamp
            size += NAME_BYTES + int(tracks[play.track].id_bytes)
        if size > bytes_max:
            break
        first -= 1
    kept_from = max(n - kept, n - changeable, first)
    for i in range(n - kept, kept_from):
        floor_ms = max(floor_ms, int(plays[i].started_ms))
        _close(plays[i])
    return plays[first:], n - kept_from, floor_ms
