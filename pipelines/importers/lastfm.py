"""lastfm: the Last.fm 1K layout, tab separated without header.

Columns: user, ISO 8601 time when the play started, artist MBID, artist, track MBID, track. Each user's
plays stand newest first. MBIDs may be empty: then artist and title make the id. Quotes mean nothing.
"""

import re
from collections.abc import Iterable, Iterator

from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.naming import Names, fitting, listener_of, track_name
from pipelines.importers.rows import converted
from pipelines.importers.source import Source
from pipelines.importers.table import rows
from pipelines.importers.values import checked, needed, time_ms
from topics.ids import name_of
from topics.play import Play

WIDTH = 6
_ROW = re.compile(rb"^[^\t\n]+\t\d{4}-\d\d-\d\dT[^\t\n]*(?:\t[^\t\n]*){4}$", re.MULTILINE)


def read(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:
    """Yield one play for each row."""
    constant = listener_of(columns)
    for source in sources:
        cells = rows(source.lines(), source.name, "\t", WIDTH, quote=b"")
        yield from converted(cells, source.name, lambda cells: _play(cells, constant))


def _play(cells: list[str], constant: str | None) -> Found:
    user, when, artist_mbid, artist, track_mbid, title = map(str.strip, cells)
    listener_id = constant or user
    if not listener_id:
        raise needed("user", "who listened")
    started_ms = time_ms(when, "timestamp")
    if started_ms is None:
        raise needed("timestamp", "when the play started")
    if not track_mbid and not (artist and title):
        raise needed("track", "a track MBID, or artist and title")
    track_id = track_mbid or track_name(artist, title)
    record = checked(
        {
            "event_id": name_of("lastfm", listener_id, started_ms, track_id),
            "listener_id": fitting("listener", listener_id),
            "track_id": fitting("track", track_id),
            "started_ms": started_ms,
        },
        Play,
    )
    return Found(record, Names(title, artist, artist_mbid or None) if title or artist else None)


def _knows(name: str, head: bytes) -> bool:  # noqa: ARG001  any name will do
    return _ROW.search(head) is not None


LASTFM = Importer(
    "Last.fm 1K: tab separated user, time, artist id, artist, track id, track",
    _knows,
    read,
    takes=("listener",),
)
