"""Track tables with a history, and naive forms of what they keep."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.track.layout import EVENT, FOLLOWED, HEARD, PRECEDED, SHOWN
from features.track.table import TrackTable

Events = NDArray[np.void]

START_MS = 1_700_000_000_000
DAY_MS = 86_400_000
KINDS = (HEARD, FOLLOWED, SHOWN, PRECEDED)


def event(kind: int, track: int, at_ms: int, **more: Any) -> Events:
    """One track event as `TrackTable.count` takes it."""
    rows: Events = np.zeros(1, EVENT)
    given = {"residual": 0.0, "share": np.nan, "skipped": -1, "by": -1, "steps": 0} | more
    for name, value in ({"kind": kind, "track": track, "at_ms": at_ms} | given).items():
        rows[name] = value
    return rows


def random_events(dice: np.random.Generator, tracks: int, count: int, days: float) -> Events:
    """Events of all kinds over some tracks and days, roughly in order of time."""
    rows: Events = np.zeros(count, EVENT)
    rows["kind"] = dice.choice(KINDS, count)
    rows["track"] = dice.integers(0, tracks, count)
    rows["by"] = dice.integers(0, tracks, count)
    rows["steps"] = dice.integers(1, 6, count)
    rows["at_ms"] = START_MS + np.sort(dice.integers(0, int(days * DAY_MS), count))
    dice.shuffle(rows["at_ms"][: count // 4])
    rows["skipped"] = dice.integers(-1, 2, count)
    rows["share"] = dice.random(count)
    rows["residual"] = dice.normal(size=count)
    return rows


def table_of(names: list[str], popular: int = 500, fresh: int = 200, **half_lives: int) -> TrackTable:
    """A table that has met these tracks in this order, with lists of given lengths."""
    table = TrackTable(**half_lives)
    table.popular = np.zeros(popular, np.int32)
    table.fresh = np.zeros(fresh, np.int32)
    for name in names:
        table.handle(name)
    return table
