"""Tracks: catalogue files, as our own JSON lines or as CSV with named columns."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from pipelines.importers.columns import places
from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.jsonl import CATALOGUE, JSONL, records
from pipelines.importers.naming import TEXT_MAX, artist_name, fitting, track_name
from pipelines.importers.rows import converted
from pipelines.importers.source import ImportFailed, Source, first_line
from pipelines.importers.table import Table, header_of
from pipelines.importers.values import checked, flag, needed, number, odd, utc_ms, whole
from topics.track import Track

ALIASES: dict[str, tuple[str, ...]] = {
    "track": ("track_id", "item_id", "song_id", "track_uri", "uri", "recording_mbid", "track_mbid"),
    "title": ("title", "track_name", "track_title", "song_name", "name"),
    "artist": ("artist", "artist_name", "track_artist"),
    "artist_id": ("artist_id", "artist_mbid", "artist_uri"),
    "kind": ("kind",),
    "genres": ("genres", "genre", "general_genre"),
    "length": ("length_ms", "duration_ms", "length_s"),
    "released": ("released_ms", "release_date", "released", "release_year", "year"),
    "playable": ("playable",),
    "explicit": ("explicit",),
}
ATTRIBUTES = {
    name: name
    for name in (
        "danceability", "energy", "key", "mode", "speechiness", "acousticness", "instrumentalness",
        "liveness", "valence", "popularity",
    )
} | {
    "loudness": "loudness_db", "loudness_db": "loudness_db", "tempo": "tempo_bpm", "tempo_bpm": "tempo_bpm",
    "track_popularity": "popularity",
}  # fmt: skip
"""Column → attribute, which carries its unit."""


def read_csv(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:  # noqa: ARG001  see below
    """Yield one track for each row, in the order of the file; the columns' own names must do."""
    for source in sources:
        table = Table(source)
        if not table.header:
            continue
        yield from converted(table.rows(), source.name, _reader(source.name, table.header))


def _reader(name: str, header: list[str]) -> Callable[[list[str]], Found]:
    """Return the function that turns one row into a track."""
    at = places(name, header, ALIASES, {})
    if "track" not in at and not ("title" in at and "artist" in at):
        raise ImportFailed(
            f"{name} has no column for track; it has {', '.join(header)[:500]}, expected track_id"
        )
    length_scale = 1000 if "length" in at and header[at["length"]].endswith("_s") else 1
    released_in_ms = "released" in at and header[at["released"]].endswith("_ms")
    attributes = [(ATTRIBUTES[column], place) for place, column in enumerate(header) if column in ATTRIBUTES]

    def track(cells: list[str]) -> Found:
        said = {field: cells[place].strip() for field, place in at.items()}
        title, artist = said.get("title", ""), said.get("artist", "")
        track_id = said.get("track") or (track_name(artist, title) if artist and title else None)
        if not track_id:
            raise needed("track_id", "a track's id, or artist and title")
        artist_id = said.get("artist_id") and fitting("artist", said["artist_id"])
        fields: dict[str, Any] = {
            "track_id": track_id,
            "title": title[:TEXT_MAX],
            "artist_id": artist_id or (artist_name(artist) if artist else None),
            "artist": artist[:TEXT_MAX],
            "genres": [genre.strip() for genre in said.get("genres", "").split("|") if genre.strip()],
            "length_ms": whole(said.get("length"), "length_ms", length_scale) or None,
            "released_ms": (whole if released_in_ms else date_ms)(said.get("released"), "released_ms"),
            "attributes": {
                name: float(got)
                for name, place in attributes
                if (got := number(cells[place], name)) is not None
            },
        }  # fmt: skip
        for field in ("playable", "explicit"):
            if (yes := flag(said.get(field), field)) is not None:
                fields[field] = yes
        if said.get("kind"):
            fields["kind"] = said["kind"]
        return Found(checked(fields, Track))

    return track


def date_ms(text: str | None, field: str) -> int | None:
    """Return the UTC milliseconds of a date, or of the beginning of a month or year.

    >>> [date_ms(date, "released_ms") for date in ("1970-01-02", "1971", "1969-12", "")]
    [86400000, 31536000000, -2678400000, None]
    """
    if not text:
        return None
    try:
        if len(text) <= 7 and text.replace("-", "").isdecimal():
            year, _, month = text.partition("-")
            return utc_ms(datetime(int(year), int(month or 1), 1, tzinfo=UTC))
        return utc_ms(datetime.fromisoformat(text))
    except ValueError:
        raise odd(field, text, "a date such as 1999-05-01, 1999-05 or 1999") from None


def read_lines(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:  # noqa: ARG001  nothing to name
    """Yield one track for each JSON line; other records are odd in a catalogue."""
    return records(sources, CATALOGUE)


def _knows_csv(name: str, head: bytes) -> bool:  # noqa: ARG001  any name will do
    line = first_line(head)
    at = places("", header_of(line)[1], ALIASES, {}) if line else {}
    return "track" in at or ("title" in at and "artist" in at)


CATALOGUES: dict[str, Importer] = {
    "jsonl": Importer("our own JSON lines: track.v1", JSONL.knows, read_lines, ordered=True),
    "csv": Importer("CSV with named columns", _knows_csv, read_csv, ordered=True),
}
