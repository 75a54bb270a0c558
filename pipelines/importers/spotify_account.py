"""spotify-account: the listening history of the last year in Spotify's account data, zip or JSON files.

``endTime`` is when the play ended, UTC, whole minutes; it started ``msPlayed`` before. Several plays
share a minute: they stay in the order of the file. There are no ids: tracks are named by artist and
title. Music has artistName and trackName, podcasts podcastName and episodeName, audiobooks authorName
or audiobookName and chapterName. Whether a play was skipped is not said.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from pipelines.importers.documents import rows_of
from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.naming import LISTENER, Names, fitting, listener_of, track_name
from pipelines.importers.rows import converted
from pipelines.importers.source import Source
from pipelines.importers.values import checked, needed, odd, time_ms, whole, word
from topics.ids import name_of
from topics.play import Play

_NAME = re.compile(r"(^|[/!])StreamingHistory[^/]*\.json(\.gz)?$")
# fields of the title and of the artist, and what it is
KINDS: tuple[tuple[str, str, Any], ...] = (
    ("trackName", "artistName", "music"),
    ("episodeName", "podcastName", "podcast"),
    ("chapterName", "audiobookName", "audiobook"),
    ("audiobookName", "authorName", "audiobook"),
)


def read(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:
    """Yield one play for each row of each file."""
    listener = fitting("listener", listener_of(columns) or LISTENER)
    for source in sources:
        yield from converted(rows_of(source), source.name, lambda row: _play(row, listener))


def _play(row: Any, listener: str) -> Found:
    if not isinstance(row, dict):
        raise odd("the row", row, "an object with endTime, artistName, trackName and msPlayed")
    ended_ms = time_ms(row.get("endTime"), "endTime")
    if ended_ms is None:
        raise needed("endTime", "when the play ended")
    heard_ms = whole(row.get("msPlayed"), "msPlayed")
    if heard_ms is None:
        raise needed("msPlayed", "how long it was heard")
    names = _names(row)
    track_id = track_name(names.artist, names.title)
    record = checked(
        {
            "event_id": name_of("spotify-account", listener, ended_ms, track_id, heard_ms),
            "listener_id": listener,
            "track_id": track_id,
            "started_ms": ended_ms - heard_ms,
            "heard_ms": heard_ms,
        },
        Play,
    )
    return Found(record, names)


def _names(row: dict[str, Any]) -> Names:
    for title_field, artist_field, kind in KINDS:
        title, artist = word(row.get(title_field), title_field), word(row.get(artist_field), artist_field)
        if title and artist:
            return Names(title, artist, None, kind)
    raise needed("trackName", "a track and its artist, or an episode and its show")


def _knows(name: str, head: bytes) -> bool:
    return _NAME.search(name) is not None or (
        head.lstrip()[:1] in {b"[", b"{"} and b'"endTime"' in head and b'"msPlayed"' in head
    )


SPOTIFY_ACCOUNT = Importer(
    "Spotify account data, the last year: zip or JSON", _knows, read, export=True, takes=("listener",)
)
