"""spotify: the extended streaming history that Spotify sends on request, as its zip or its JSON files.

Rules, from the export's own "read me first" and from what such files hold:

* ``ts`` is when the play ENDED, so it started at ``ts`` − ``ms_played``, and its event time is ``ts``.
* The track is the first of ``spotify_track_uri``, ``spotify_episode_uri``, ``audiobook_chapter_uri`` and
  ``audiobook_uri`` that is there; without any, the names make its id (local files have names only).
* ``skipped`` may be null: then ``reason_end`` says what it can: "fwdbtn" is a skip, "trackdone" is none,
  and anything else leaves it unknown. ``reason_end`` becomes the play's ``end_reason``.
* ``ts`` has whole seconds, so plays may tie: they are put in the order they started. That is
  ``offline_timestamp`` (milliseconds above 1e11, else seconds) where it lies in the week before ``ts``;
  where it is 0, 1, null or junk it is passed over, as it changes no play.
* ``ip_addr`` and ``user_agent``, under all their names, are dropped as a row is read, and redacted from
  the bytes of odd rows: they reach no record.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from pipelines.importers.documents import rows_of
from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.naming import LISTENER, Names, fitting, listener_of, track_name
from pipelines.importers.rows import converted
from pipelines.importers.source import Source
from pipelines.importers.values import checked, flag, needed, number, time_ms, whole, word
from topics.dead_letter import DeadLetter, Rejected
from topics.ids import name_of
from topics.play import Play

_NAME = re.compile(r"(^|[/!])(Streaming_History_(Audio|Video)|endsong)[^/]*\.json(\.gz)?$")
WEEK_MS = 7 * 86_400_000
# field of the id, of the title, of the artist, and what it is
KINDS: tuple[tuple[str, str, str, Any], ...] = (
    ("spotify_track_uri", "master_metadata_track_name", "master_metadata_album_artist_name", "music"),
    ("spotify_episode_uri", "episode_name", "episode_show_name", "podcast"),
    ("audiobook_chapter_uri", "audiobook_chapter_title", "audiobook_title", "audiobook"),
    ("audiobook_uri", "audiobook_chapter_title", "audiobook_title", "audiobook"),
)
SKIPPED_BY_REASON = {"fwdbtn": True, "trackdone": False}
PRIVATE = ("ip_addr", "user_agent")


def read(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:
    """Yield one play for each row of each file; ties in ``ts`` in the order the plays started."""
    listener = listener_of(columns)
    timed: list[tuple[int, int, Found]] = []
    starts: list[int] = []  # when the play just converted started
    at_ms, started_ms = -1, -1
    for source in sources:
        rows = ((place, _without_private(row), raw) for place, row, raw in rows_of(source))
        for found in converted(rows, source.name, lambda row: _play(row, listener, starts)):
            if isinstance(found.record, DeadLetter):
                timed.append((at_ms, started_ms, Found(_redacted(found.record))))
            elif isinstance(found.record, Play):
                at_ms, started_ms = found.record.at_ms, starts.pop()
                timed.append((at_ms, started_ms, found))
    timed.sort(key=lambda item: item[:2])
    for _, _, found in timed:
        yield found


def _play(row: Any, listener: str | None, starts: list[int]) -> Found:
    if not isinstance(row, dict):
        raise Rejected(
            "invalid", f"the row is of type {type(row).__name__}, expected an object with ts and a uri"
        )
    ended_ms = time_ms(row.get("ts"), "ts")
    if ended_ms is None:
        raise needed("ts", "when the play ended")
    heard_ms = whole(row.get("ms_played"), "ms_played")
    if heard_ms is None:
        raise needed("ms_played", "how long it was heard")
    who = fitting("listener", listener or word(row.get("username"), "username") or LISTENER)
    track_id, names = _track(row)
    end_reason = word(row.get("reason_end"), "reason_end")
    skipped = flag(row.get("skipped"), "skipped")
    record = checked(
        {
            "event_id": name_of("spotify", who, ended_ms, track_id, heard_ms),
            "listener_id": who,
            "track_id": track_id,
            "started_ms": ended_ms - heard_ms,
            "heard_ms": heard_ms,
            "end_reason": end_reason,
            "skipped": SKIPPED_BY_REASON.get(end_reason or "") if skipped is None else skipped,
        },
        Play,
    )
    starts.append(_started_ms(row.get("offline_timestamp"), record))
    return Found(record, names)


def _track(row: dict[str, Any]) -> tuple[str, Names | None]:
    """Return the id of what was played, and its names where the row has them."""
    for uri_field, title_field, artist_field, kind in KINDS:
        if uri := word(row.get(uri_field), uri_field):
            title = word(row.get(title_field), title_field) or ""
            artist = word(row.get(artist_field), artist_field) or ""
            return fitting("track", uri), Names(title, artist, None, kind) if title or artist else None
    for _, title_field, artist_field, kind in KINDS:
        title = word(row.get(title_field), title_field) or ""
        artist = word(row.get(artist_field), artist_field) or ""
        if title and artist:
            return track_name(artist, title), Names(title, artist, None, kind)
    raise needed(
        "spotify_track_uri", "the uri of a track, an episode or an audiobook, or else title and artist"
    )


def _started_ms(offline_timestamp: Any, play: Play) -> int:
    """Return when a play started, for telling plays apart that ended in the same second."""
    try:
        said = number(offline_timestamp, "offline_timestamp") or 0
        said_ms = round(said) if said > 1e11 else round(said * 1000)
    except (Rejected, OverflowError):
        return play.started_ms
    return said_ms if play.at_ms - WEEK_MS <= said_ms <= play.at_ms else play.started_ms


def _without_private(row: Any) -> Any:
    if isinstance(row, dict):
        return {field: value for field, value in row.items() if not field.startswith(PRIVATE)}
    return row


_PRIVATE_MEMBER = re.compile(rb"""("(?:ip_addr|user_agent)[^"]*"\s*:\s*)("(?:[^"\\]|\\.)*"|[^,}\]\s"]+)""")
_PRIVATE_RUIN = re.compile(rb"""(?:ip_addr|user_agent).*?(?="\w+"\s*:|\}\s*(?:[,\]]|\Z)|\Z)""", re.DOTALL)
_ADDRESS = re.compile(rb"\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){3,7}\b")


def redacted(value: bytes) -> bytes:
    r"""Return a row's bytes without what its private fields hold.

    >>> redacted(b'{"ts": 7, "ip_addr": "10.0.0.1", "user_agent_decrypted": "x \\" y"}')
    b'{"ts": 7, "ip_addr": null, "user_agent_decrypted": null}'
    """
    shown = _PRIVATE_MEMBER.sub(rb"\1null", value)
    try:
        row = msgspec.json.decode(shown)
        kept = _scrubbed(row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Broken: everything up to the next field goes, and whatever looks like an address.
        return _ADDRESS.sub(b"null", _PRIVATE_RUIN.sub(b"null", value))
    return shown if kept == row else msgspec.json.encode(kept)


def _redacted(letter: DeadLetter) -> DeadLetter:
    detail = redacted(letter.detail.encode()).decode()
    return msgspec.structs.replace(letter, value=redacted(letter.value), detail=detail)


def _scrubbed(value: Any) -> Any:
    """Null private fields at any depth, also where their names are written with escapes."""
    if isinstance(value, dict):
        return {k: None if k.startswith(PRIVATE) else _scrubbed(v) for k, v in value.items()}
    return [_scrubbed(item) for item in value] if isinstance(value, list) else value


def _knows(name: str, head: bytes) -> bool:
    return _NAME.search(name) is not None or (
        head.lstrip()[:1] in {b"[", b"{"} and b'"ms_played"' in head and b'"ts"' in head
    )


SPOTIFY = Importer(
    "Spotify extended streaming history, zip or JSON", _knows, read, export=True, takes=("listener",)
)
