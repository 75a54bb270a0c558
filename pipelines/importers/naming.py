"""Naming: ids where a log has none, made from what it says, and catalogue entries from its names."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from topics.ids import ID_BYTES_MAX, name_of
from topics.track import Track

LISTENER = "me"  # an export of one account that does not name it
CONSTANT = "@"
TEXT_MAX = 512


class Names(NamedTuple):
    """What a row says about the track that was played."""

    title: str
    artist: str = ""
    artist_ref: str | None = None  # the artist's MBID or URI where the row has it
    kind: Literal["music", "podcast", "audiobook", "video"] = "music"
    length_ms: int | None = None


@lru_cache(maxsize=1 << 16)
def track_name(artist: str, title: str) -> str:
    """Return the id of a track that is known by its names only; case does not matter.

    >>> track_name("ABBA", "Waterloo") == track_name("Abba", "waterloo")
    True
    """
    return name_of("track", artist.strip().casefold(), title.strip().casefold())


@lru_cache(maxsize=1 << 16)
def artist_name(artist: str) -> str:
    """Return the id of an artist that is known by name only; case does not matter."""
    return name_of("artist", artist.strip().casefold())


def fitting(kind: str, name: str) -> str:
    """Return a name as an id: itself, or a name made of it where it is longer than an id may be."""
    if len(name) <= ID_BYTES_MAX and (name.isascii() or len(name.encode("utf-8", "replace")) <= ID_BYTES_MAX):
        return name
    return name_of(kind, name.encode("utf-8", "backslashreplace").decode())


def listener_of(columns: Mapping[str, str]) -> str | None:
    """Return the one listener that columns such as ``{"listener": "@ann"}`` name, or None."""
    return columns.get("listener", "").removeprefix(CONSTANT) or None


def track_of(track_id: str, names: Names) -> Track:
    """Return the catalogue entry that names make; texts beyond 512 characters are cut."""
    artist_id = names.artist_ref and fitting("artist", names.artist_ref)
    return Track(
        track_id=track_id,
        title=names.title[:TEXT_MAX],
        artist_id=artist_id or (artist_name(names.artist) if names.artist else None),
        artist=names.artist[:TEXT_MAX],
        kind=names.kind,
        length_ms=names.length_ms,
    )
