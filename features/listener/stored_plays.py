"""Stored plays: a listener's history as it lies in a store, what may still change and the rest apart."""

import numpy as np

from features.listener.layout import PLAY
from features.listener.plays import KEPT_BYTES, OLD_BYTES, SHARE_STEPS
from numeric.arrays import Indices, Records
from numeric.jit import kernel, layout

KEPT = layout(
    [
        ("started_ms", "<i8"),
        ("lasted_ms", "<u4"),
        ("play", "<u8"),
        ("event", "<u8"),
        ("opened", "<u8"),
        ("share", "<f4"),
        ("track", "<u2"),
        ("marks", "u1"),
    ],
    align=False,
)
OLD = layout(
    [("started_s", "<u4"), ("lasted_s", "<u2"), ("track", "<u2"), ("share", "u1"), ("marks", "u1")],
    align=False,
)
assert (KEPT.itemsize, OLD.itemsize) == (KEPT_BYTES, OLD_BYTES)  # by which `plays.trim` reckons
UNKNOWN_SHARE = 255


@kernel
def pack_plays(plays: Records, kept: int) -> tuple[Indices, Records, Records]:
    """Return (tracks, older plays, the newest ``kept``); a play's track is its place in ``tracks``.

    Tracks are handles, each once, in order of first appearance.
    """
    tracks, places = _numbered(plays)
    first = plays.shape[0] - kept
    old, newest = np.empty(first, OLD), np.empty(kept, KEPT)
    for i in range(first):
        play, row = plays[i], old[i]
        row.started_s = play.started_ms // 1_000
        row.lasted_s = (play.at_ms - play.started_ms) // 1_000
        row.share = UNKNOWN_SHARE if np.isnan(play.share) else int(play.share * SHARE_STEPS + 0.5)
        row.track = places[i]
        row.marks = _marks_of(play)
    for i in range(kept):
        play, row = plays[first + i], newest[i]
        row.started_ms = play.started_ms
        row.lasted_ms = play.at_ms - play.started_ms
        row.play = play.play
        row.event = play.event
        row.opened = play.opened
        row.share = play.share
        row.track = places[first + i]
        row.marks = _marks_of(play)
    return tracks, old, newest


@kernel
def unpack_plays(old: Records, newest: Records, tracks: Indices) -> Records:
    """Return the plays that `pack_plays` was given, with ``tracks`` as this process knows them.

    Raises ValueError for plays of tracks that are not among them.
    """
    first = old.shape[0]
    plays = np.zeros(first + newest.shape[0], PLAY)
    for i in range(first):
        row, play = old[i], plays[i]
        if row.track >= len(tracks):
            raise ValueError("a play's track is not among the names")
        play.started_ms = np.int64(row.started_s) * 1_000
        play.at_ms = play.started_ms + np.int64(row.lasted_s) * 1_000
        play.share = np.nan if row.share == UNKNOWN_SHARE else row.share / SHARE_STEPS
        play.track = tracks[row.track]
        _take_marks(play, row.marks)
    for i in range(newest.shape[0]):
        row, play = newest[i], plays[first + i]
        if row.track >= len(tracks):
            raise ValueError("a play's track is not among the names")
        play.started_ms = row.started_ms
        play.at_ms = row.started_ms + np.int64(row.lasted_ms)
        play.play = row.play
        play.event = row.event
        play.opened = row.opened
        play.share = row.share
        play.track = tracks[row.track]
        _take_marks(play, row.marks)
    for i in range(plays.shape[0]):
        plays[i].turn = i  # equals stand in their order
    return plays


@kernel
def _numbered(plays: Records) -> tuple[Indices, Indices]:
    """Return the distinct tracks in order of first appearance, and for each play the place of its own."""
    n = plays.shape[0]
    size = 8
    while size < 2 * n:
        size *= 2
    slots = np.full(size, -1, np.int64)  # open addressing: place of the track that hashes there
    tracks, places = np.empty(n, np.int64), np.empty(n, np.int64)
    found = 0
    for i in range(n):
        track = int(plays[i].track)
        at = (track * 0x9E3779B1 >> 7) & (size - 1)
        while slots[at] >= 0 and tracks[slots[at]] != track:
            at = (at + 1) & (size - 1)
        if slots[at] < 0:
            slots[at] = found
            tracks[found] = track
            found += 1
        places[i] = slots[at]
    return tracks[:found], places


@kernel
def _marks_of(play: Records) -> int:
    """Return verdict and liking (−1 to 1 each), ended and counted as one number below 36."""
    return (play.skipped + 1) + 3 * (play.liked + 1) + 9 * play.ended + 18 * play.counted


@kernel
def _take_marks(play: Records, marks: int) -> None:
    play.skipped = int(marks) % 3 - 1
    play.liked = int(marks) // 3 % 3 - 1
    play.ended = int(marks) // 9 % 2
    play.counted = int(marks) // 18
