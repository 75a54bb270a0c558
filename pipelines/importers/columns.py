"""csv: plays in a file with named columns, under our names for them or the ones found in the wild."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.naming import CONSTANT, Names, fitting, listener_of, track_name
from pipelines.importers.rows import converted
from pipelines.importers.source import ImportFailed, Source, first_line
from pipelines.importers.table import DELIMITERS, Table, header_of
from pipelines.importers.values import checked, flag, needed, time_ms, whole, word
from topics.ids import name_of
from topics.play import Play

ALIASES: dict[str, tuple[str, ...]] = {
    "listener": ("listener_id", "listener", "user_id", "userid", "user", "user_name", "username", "station"),
    "track": ("track_id", "trackid", "track_uri", "spotify_track_uri", "item_id", "itemid", "song_id",
              "recording_mbid", "track_mbid"),
    "time": ("started_ms", "started_at", "listened_at", "played_at", "timestamp", "t_s", "t_ms",
             "t_scraped_s", "unix_time", "uts", "time", "ts", "datetime", "date", "utc_time"),
    "ended": ("ended_ms", "ended_at", "end_time", "endtime"),
    "heard": ("heard_ms", "ms_played", "played_ms", "heard_s", "duration_played"),
    "length": ("length_ms", "track_length_ms", "duration_ms", "length_s"),
    "title": ("title", "track_name", "track_title", "song_name", "song_title"),
    "artist": ("artist", "artist_name", "track_artist"),
    "artist_id": ("artist_id", "artist_mbid", "artist_uri"),
    "event": ("event_id", "play_uid", "event_uid"),
    "play_id": ("play_id",),
    "skipped": ("skipped", "skip"),
    "liked": ("liked",),
    "end_reason": ("end_reason", "reason_end"),
    "surface": ("surface",),
    "decision_id": ("decision_id",),
    "shown": ("shown",),
}  # fmt: skip
SHARED = ("track", "song", "item")  # an id where it stands alone, a title beside an artist
WORDS = ("play_id", "end_reason", "surface", "decision_id")


def read(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:
    """Yield one play for each row; its time is when it started, unless the column's name says ended.

    Times: a column that ends in ``_ms`` or ``_s`` has that unit, any other one is Unix time (above
    1e11 in milliseconds) or ISO 8601. Without an event id one is made of what the row says, so a row
    that stands there twice is a duplicate. Without a track id one is made of artist and title.
    Raises `ImportFailed` if listener, track or time have no column.
    """
    for source in sources:
        table = Table(source)
        if not table.header:
            continue
        play = _reader(source.name, table.header, columns)
        yield from converted(table.rows(), source.name, play)


def places(
    name: str, header: list[str], aliases: dict[str, tuple[str, ...]], columns: Columns
) -> dict[str, int]:
    """Return field → place of its column; what ``columns`` says comes before aliases."""
    found: dict[str, int] = {}
    for field, names in aliases.items():
        if field in columns:
            column = columns[field].strip().casefold()
            if column.startswith(CONSTANT):
                continue
            if column not in header:
                raise ImportFailed(
                    f"{name} has no column {columns[field]!r} for {field}; it has {', '.join(header)}"
                )
            found[field] = header.index(column)
        else:
            place = next((header.index(alias) for alias in names if alias in header), None)
            if place is not None:
                found[field] = place
    shared = next((header.index(alias) for alias in SHARED if alias in header), None)
    if shared is not None and shared not in found.values():
        if "artist" in found:
            found.setdefault("title", shared)
        else:
            found.setdefault("track", shared)
    return found


def _reader(name: str, header: list[str], columns: Columns) -> Callable[[list[str]], Found]:
    """Return the function that turns one row into a play."""
    at = places(name, header, ALIASES, columns)
    constant = listener_of(columns) if columns.get("listener", "").startswith(CONSTANT) else None
    named = "title" in at and "artist" in at
    lacking = [field for field, there in (
        ("listener", "listener" in at or constant), ("track", "track" in at or named),
        ("time", "time" in at or "ended" in at),
    ) if not there]  # fmt: skip
    if lacking:
        lack = ", ".join(lacking)
        raise ImportFailed(
            f"{name} has no column for {lack}; it has {', '.join(header)[:500]}; say which it is, "
            'such as columns={"time": "when"}, or {"listener": "@ann"} for a file of one listener'
        )
    listener_at, track_at = at.get("listener"), at.get("track")
    # Spotify's own names in a table mean what they mean in its export: ``ts`` is the end.
    ends = "time" not in at or (header[at["time"]], header[at.get("heard", 0)]) == ("ts", "ms_played")
    when_at = at["time"] if "time" in at else at["ended"]
    time_name = header[when_at]
    scale = 1 if time_name.endswith("_ms") else 1000 if time_name.endswith("_s") else None
    heard_scale, length_scale = (_scale(header, at.get(field)) for field in ("heard", "length"))
    title_at, artist_at, artist_id_at = at.get("title"), at.get("artist"), at.get("artist_id")
    event_at, heard_at, length_at = at.get("event"), at.get("heard"), at.get("length")
    skipped_at = at.get("skipped")
    numbers = [(field, at[field]) for field in ("liked", "shown") if field in at]
    words = [(field, at[field]) for field in WORDS if field in at]

    def play(cells: list[str]) -> Found:
        listener_id = constant or (cells[listener_at].strip() if listener_at is not None else "")
        if not listener_id:
            raise needed("listener_id", "who listened")
        title = cells[title_at].strip() if title_at is not None else ""
        artist = cells[artist_at].strip() if artist_at is not None else ""
        track_id = cells[track_at].strip() if track_at is not None else ""
        if not track_id:
            if not (title and artist):
                raise needed("track_id", "a track's id, or artist and title")
            track_id = track_name(artist, title)
        when = cells[when_at]
        at_ms = time_ms(when, time_name) if scale is None else whole(when, time_name, scale)
        if at_ms is None:
            raise needed(time_name, "when the play ended" if ends else "when the play started")
        heard_ms = None if heard_at is None else whole(cells[heard_at], "heard_ms", heard_scale)
        started_ms = at_ms - (heard_ms or 0) if ends else at_ms
        fields: dict[str, Any] = {
            "listener_id": listener_id, "track_id": track_id, "started_ms": started_ms, "heard_ms": heard_ms,
        }  # fmt: skip
        if length_at is not None:
            fields["length_ms"] = whole(cells[length_at], "length_ms", length_scale) or None
        if skipped_at is not None:
            fields["skipped"] = flag(cells[skipped_at], "skipped")
        for field, place in numbers:
            if (said := whole(cells[place], field)) is not None:
                fields[field] = said
        for name_, place in words:
            if text := word(cells[place], name_):
                fields[name_] = text
        event = cells[event_at].strip() if event_at is not None else ""
        fields["event_id"] = (
            fitting("event", event) if event
            else name_of(listener_id, track_id, started_ms, heard_ms) if heard_ms is not None
            else name_of(listener_id, track_id, started_ms)
        )  # fmt: skip
        record = checked(fields, Play)
        if not title:
            return Found(record)
        ref = cells[artist_id_at].strip() if artist_id_at is not None else ""
        return Found(record, Names(title, artist, ref or None, "music", record.length_ms))

    return play


def _scale(header: list[str], place: int | None) -> int:
    """Return how many milliseconds the unit of a column has; milliseconds unless it ends in ``_s``."""
    return 1000 if place is not None and header[place].endswith(("_s", "duration_played")) else 1


def _knows(name: str, head: bytes) -> bool:  # noqa: ARG001  any name will do
    line = first_line(head)
    if not any(delimiter.encode() in line for delimiter in DELIMITERS):
        return False
    at = places("", header_of(line)[1], ALIASES, {})
    return ("time" in at or "ended" in at) and ("track" in at or ("title" in at and "artist" in at))


CSV = Importer("CSV with named columns", _knows, read, takes=tuple(ALIASES))
