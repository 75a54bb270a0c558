"""Order: rows as found become the entries of a log, in event-time order, tracks before their first play."""

from collections.abc import Iterable, Iterator
from operator import itemgetter

from pipelines.importers.entry import Entry, Found
from pipelines.importers.naming import track_of
from topics.play import Play


def in_event_time(found: Iterable[Found]) -> Iterator[Found]:
    """Yield plays by event time, ties as they came; an odd row stays behind the row before it.

    Everything is held in memory: about 0.5 KiB a row.
    """
    timed: list[tuple[int, Found]] = []
    at_ms = -1
    for row in found:
        record = row.record
        if type(record) is Play:
            at_ms = record.started_ms + (record.heard_ms or 0)
        timed.append((at_ms, row))
    timed.sort(key=itemgetter(0))
    for _, row in timed:
        yield row


def numbered(found: Iterable[Found]) -> Iterator[Entry]:
    """Yield entries with their offsets; what a row calls its track comes once, before its first play."""
    named: set[str] = set()
    offset = 0
    for record, names, received_ms in found:
        if names is not None and type(record) is Play and record.track_id not in named:
            named.add(record.track_id)
            yield Entry(track_of(record.track_id, names), offset, None)
            offset += 1
        yield Entry(record, offset, received_ms)
        offset += 1
