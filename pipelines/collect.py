"""Collect: the step that counts track events into track facts; and how its events and recent plays travel."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from features.track.layout import EVENT, PRECEDED
from features.track.table import TrackTable
from numeric.arrays import Bytes
from topics.dead_letter import Rejected
from topics.ids import TIME_MS_MAX
from topics.recent_play import RecentPlay
from topics.track_events import TrackEvents

EVENTS_MAX = 1_000  # of one record
SENT = np.dtype([(name, EVENT[name].newbyteorder("<")) for name in EVENT.names or ()])


def collect(table: TrackTable, event_bytes: Bytes) -> None:
    """Count events (rows of EVENT as bytes), in order, into the facts of their tracks, in place."""
    if len(event_bytes):
        table.count(event_bytes)


def records_of(events: npt.NDArray[np.void], table: TrackTable) -> Iterator[TrackEvents]:
    """Yield events as the records that travel on ``track-events``, in order."""
    for start in range(0, len(events), EVENTS_MAX):
        sent = events[start : start + EVENTS_MAX].astype(SENT)
        tracks, by = sent["track"], sent["by"]
        handles, places = np.unique(np.concatenate((tracks, by[by >= 0])), return_inverse=True)
        sent["track"], by[by >= 0] = np.split(places, [len(tracks)])
        yield TrackEvents(tuple([table.names[handle] for handle in handles.tolist()]), sent.tobytes())


def rows_of(record: TrackEvents, table: TrackTable) -> npt.NDArray[np.void]:
    """Return a record as rows that `collect` counts; raises `Rejected` for what no serve step has sent."""
    if len(record.rows) % SENT.itemsize:
        raise Rejected(
            "invalid", f"rows has {len(record.rows)} bytes, expected {SENT.itemsize} an event", "rows"
        )
    rows = np.frombuffer(record.rows, SENT).astype(EVENT)
    names, tracks, by = len(record.tracks), rows["track"], rows["by"]
    wrong = (tracks < 0) | (tracks >= names) | (by < -1) | (by >= names) | (rows["kind"] > PRECEDED)
    wrong |= (rows["at_ms"] < 0) | (rows["at_ms"] > TIME_MS_MAX) | ~np.isfinite(rows["residual"])
    if wrong.any():
        raise Rejected(
            "invalid", f"row {int(wrong.argmax())} is out of range, expected what the schema says", "rows"
        )
    handles = np.array([*map(table.handle, record.tracks), -1], np.int32)  # the last stands for nothing
    rows["track"], rows["by"] = handles[tracks], handles[by]
    return rows


def recent_play_of(recent: tuple[int, int, int], table: TrackTable) -> RecentPlay:
    """Return a (session mark, track, event time) as the record that travels on ``recent-plays``."""
    mark, track, at_ms = recent
    return RecentPlay(f"{mark:016x}", table.names[track], at_ms)


def recent_row_of(record: RecentPlay, table: TrackTable) -> tuple[int, int, int]:
    """Return what `recent_play_of` was given; raises `Rejected` for what no serve step has sent."""
    try:
        mark = int(record.session_mark, 16)
    except ValueError:
        mark = -1
    if not 0 <= mark < 2**64:
        raise Rejected(
            "invalid",
            f"session_mark is {record.session_mark!r}, expected 64 bits in hexadecimal",
            "session_mark",
        )
    return mark, table.handle(record.track_id), record.at_ms
