"""Fold: one record of a play into a listener's history, in one call."""

import numpy as np

from features.listener.happened import happened
from features.listener.layout import OWN, PLAY
from features.listener.plays import DUPLICATE, INSERTED, LATENESS_MS, place, trim
from features.listener.session import mark_of
from features.track.layout import TRACK
from numeric.arrays import Bytes
from numeric.jit import kernel

TOO_LATE, FOLDED_AWAY = 3, 4


@kernel
def fold_play(
    play_bytes: Bytes,
    kept: int,
    floor_ms: int,
    newest_ms: int,
    started_ms: int,
    at_ms: int,
    names: tuple[np.uint64, np.uint64],
    track: int,
    outcome: tuple[float, int, int, int],
    gap_ms: int,
    bounds: tuple[int, int, int],
    track_bytes: Bytes,
    own_bytes: Bytes,
    stamp: int,
    listener: np.uint64,
) -> tuple[Bytes, int, int, int, Bytes, int, tuple[float, int, int, int], np.uint64]:
    """Return (plays, kept, floor, what happened, track events, open since, outcome, session mark).

    ``names`` are the hashes of play and event; ``outcome`` is (share, skipped, liked, ended), given as
    the record knows it and returned as it stands after the record. ``bounds`` are the most plays and
    bytes kept, and the most bytes that a track's id has. "Open since" is the event time of the newest
    play if it is not known to be over, else −1. ``listener`` is the key of the marks of their sessions.
    Plays, tracks and events travel as bytes.
    A duplicate, and a record that comes more than a day late (`TOO_LATE`) or began before the newest play
    that can no longer change (`FOLDED_AWAY`), return the plays they were given.
    """
    plays, tracks, own = play_bytes.view(PLAY), track_bytes.view(TRACK), own_bytes.view(OWN)
    entry, unmarked = np.zeros(1, PLAY), np.uint64(0)
    new = entry[0]
    new.started_ms = started_ms
    if started_ms <= floor_ms and at_ms >= newest_ms and plays.shape[0] > 0:
        new.started_ms = plays[
            -1
        ].started_ms  # it began before all that can change: there it would be forgotten
    new.at_ms = at_ms
    new.play = names[0]
    new.event = names[1]
    new.track = track
    new.share = outcome[0]
    new.skipped = outcome[1]
    new.liked = outcome[2]
    new.ended = outcome[3]
    changed, happening, row = place(plays, kept, entry)
    nothing = np.empty(0, np.uint8)
    if happening == DUPLICATE:
        return play_bytes, kept, floor_ms, happening, nothing, -1, outcome, unmarked
    if at_ms < newest_ms - LATENESS_MS:
        return play_bytes, kept, floor_ms, TOO_LATE, nothing, -1, outcome, unmarked
    if happening == INSERTED:
        if started_ms <= floor_ms and at_ms < newest_ms:
            return play_bytes, kept, floor_ms, FOLDED_AWAY, nothing, -1, outcome, unmarked
        kept += 1
    after = changed[row]
    stands = (float(after.share), int(after.skipped), int(after.liked), int(after.ended))
    events = happened(changed, kept, row if happening == INSERTED else -1, gap_ms, False)
    changed, kept, floor_ms = trim(changed, kept, floor_ms, tracks, own, stamp, bounds)
    last = changed[changed.shape[0] - 1]
    open_ms = -1 if last.counted == 1 else int(last.at_ms)
    mark = mark_of(changed, started_ms, gap_ms, listener)
    return (
        changed.view(np.uint8), kept, floor_ms, happening, events.view(np.uint8), open_ms, stands, mark,
    )  # fmt: skip


@kernel
def end_session(play_bytes: Bytes, kept: int, gap_ms: int) -> tuple[Bytes, Bytes]:
    """Return (plays, track events) of a listener who has fallen silent."""
    plays = play_bytes.view(PLAY).copy()
    events = happened(plays, kept, -1, gap_ms, True)
    return plays.view(np.uint8), events.view(np.uint8)
