"""Order: rows as found become the entries of a log, in event-time order, tracks before their first play."""

import gc
from collections.abc import Iterable, Iterator
from itertools import islice
from operator import le

from pipelines.importers.entry import Entry, Found
from pipelines.importers.naming import track_of
from topics.play import Play


def in_event_time(found: Iterable[Found]) -> Iterator[Found]:
    """Give plays by event time, ties as they came; an odd row stays behind the row before it.

    Everything is held in memory: about 0.5 KiB a row.
    """
    rows: list[Found] = []
    times: list[int] = []
    at_ms = -1
    collecting = gc.isenabled()
    gc.disable()  # nothing here is a cycle, and walking all rows again and again costs half as much again
    try:
        for row in found:
            record = row.record
            if type(record) is Play:
                at_ms = record.started_ms + (record.heard_ms or 0)
            rows.append(row)
            times.append(at_ms)
    finally:
        if collecting:
            gc.enable()
    if all(map(le, times, islice(times, 1, None))):
        return iter(rows)
    return map(rows.__getitem__, sorted(range(len(rows)), key=times.__getitem__))


def numbered(found: Iterable[Found]) -> Iterator[Entry]:
    """Yield entries with their offsets; what a row calls its track comes once, before its first play."""
    named: set[str] = set()
    offset = 0
    for record, names, received_ms, origin in found:
        if names is not None and type(record) is Play and record.track_id not in named:
            named.add(record.track_id)
            yield Entry(track_of(record.track_id, names), offset, None)
            offset += 1
        yield Entry(record, offset, received_ms, origin)
        offset += 1
