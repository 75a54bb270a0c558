"""Collect: the step that counts track events into track facts."""

from math import isnan

import numpy as np
import numpy.typing as npt

from features.track.layout import EVENT, FOLLOWED, HEARD, SHOWN
from features.track.table import TrackTable
from topics.recent_play import RecentPlay
from topics.track_event import TrackEvent

KINDS = {"heard": HEARD, "followed": FOLLOWED, "shown": SHOWN}
KIND_NAMES = tuple(KINDS)


def collect(table: TrackTable, events: npt.NDArray[np.void]) -> None:
    """Count events (dtype EVENT), in order, into the facts of their tracks, in place."""
    if len(events):
        table.count(events)


def rows_of(records: list[TrackEvent], table: TrackTable) -> npt.NDArray[np.void]:
    """Return records as rows that `collect` counts."""
    rows = np.zeros(len(records), EVENT)
    for i, record in enumerate(records):
        rows[i] = (
            record.at_ms,
            table.handle(record.track_id),
            -1 if record.by is None else table.handle(record.by),
            record.residual,
            np.nan if record.share is None else record.share,
            KINDS[record.kind],
            record.steps,
            -1 if record.skipped is None else int(record.skipped),
        )
    return rows


def records_of(rows: npt.NDArray[np.void], table: TrackTable) -> list[TrackEvent]:
    """Return rows as the records that travel on ``track-events``."""
    return [
        TrackEvent(
            track_id=table.names[track],
            kind=KIND_NAMES[kind],
            at_ms=at_ms,
            share=None if isnan(share) else share,
            skipped=None if skipped < 0 else bool(skipped),
            by=None if by < 0 else table.names[by],
            steps=steps,
            residual=residual,
        )
        for at_ms, track, by, residual, share, kind, steps, skipped in rows.tolist()
    ]


def recent_play_of(recent: tuple[int, int, int], table: TrackTable) -> RecentPlay:
    """Return a (session mark, track, event time) as the record that travels on ``recent-plays``."""
    mark, track, at_ms = recent
    return RecentPlay(f"{mark:016x}", table.names[track], at_ms)


def recent_row_of(record: RecentPlay, table: TrackTable) -> tuple[int, int, int]:
    """Return what `recent_play_of` was given."""
    return int(record.session_mark, 16), table.handle(record.track_id), record.at_ms
