"""listenbrainz: listens as the API gives them, as a user's export (zip of JSON lines), or as a full dump.

``listened_at`` (in some dumps ``timestamp``) is when the play STARTED, Unix seconds. How long it was
heard is known only where a player sent ``duration_played`` (seconds). The length is ``duration_ms``, or
``duration`` in seconds. The track is its recording MBID, the mapped one before the submitted one, else
its names. Feedback of an export (``feedback.jsonl``: score 1, 0 or −1) becomes ``liked`` of the newest
play of that recording at or before the feedback, or of the first one after it where there is none.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from pipelines.importers.documents import rows_of
from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.naming import LISTENER, Names, fitting, listener_of, track_name
from pipelines.importers.rows import Row, converted
from pipelines.importers.source import Source
from pipelines.importers.values import checked, needed, odd, time_ms, whole, word
from topics.dead_letter import DeadLetter, Rejected
from topics.ids import name_of
from topics.play import Play

PAYLOAD = re.compile(rb'"(?:listens|payload)"\s*:\s*\[|^\s*\[')
_FEEDBACK = re.compile(r"(^|[/!])feedback\.jsonl(\.gz)?$")
_LISTENS = re.compile(r"[/!]listens/[^!]*\.jsonl(\.gz)?$|\.listens(\.gz)?$")
_USER = re.compile(r"(^|[/!])user\.json$")
_DOCUMENT = re.compile(rb'\s*(\[|\{[^{}\[\]]{0,4000}"payload"\s*:)')


def read(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:
    """Yield one play for each listen; feedback without a play in the export is a dead letter."""
    sources = list(sources)
    users = [source for source in sources if _USER.search(source.name)]
    feedback = [source for source in sources if _FEEDBACK.search(source.name)]
    listens = [source for source in sources if source not in users and source not in feedback]
    constant = listener_of(columns)
    known = next(filter(None, map(_user, users)), None)
    found: list[Found] = []
    heard_of: dict[str, list[tuple[int, int]]] = {}  # recording → (started_ms, place in found)

    recordings: list[list[str]] = []  # what feedback may call the play just converted

    def listen(row: Any) -> Found:
        record, names, called = _play(row, constant, known)
        recordings.append(called)
        return Found(record, names)

    for source in listens:
        for one in converted(_rows(source), source.name, listen):
            if isinstance(one.record, Play):
                for recording in recordings.pop():
                    heard_of.setdefault(recording, []).append((one.record.started_ms, len(found)))
            found.append(one)
    for plays in heard_of.values():
        plays.sort()
    letters: list[Found] = []
    for source in feedback:
        marked = converted(_lines(source), source.name, _feedback(heard_of, found))
        letters += [one for one in marked if isinstance(one.record, DeadLetter)]
    yield from found
    yield from letters


def _play(row: Any, constant: str | None, known: str | None) -> tuple[Play, Names | None, list[str]]:
    """Return a listen as a play, its names, and what feedback may call its recording."""
    if not isinstance(row, dict):
        raise odd("the row", row, "an object with listened_at and track_metadata")
    when = "listened_at" if row.get("listened_at") is not None else "timestamp"
    started_ms = time_ms(row.get(when), when)
    if started_ms is None:
        raise needed("listened_at", "when the play started, in Unix seconds")
    metadata = _object(row, "track_metadata")
    info, mapping = _object(metadata, "additional_info"), _object(metadata, "mbid_mapping")
    user = constant or word(row.get("user_name"), "user_name") or known or LISTENER
    listener_id = fitting("listener", user)
    title = word(metadata.get("track_name"), "track_name") or ""
    artist = word(metadata.get("artist_name"), "artist_name") or ""
    mbids = [word(said.get("recording_mbid"), "recording_mbid") for said in (mapping, info, row)]
    msids = [word(said.get("recording_msid"), "recording_msid") for said in (row, info)]
    mbid = next(filter(None, mbids), None)
    if mbid is None and not (title and artist):
        raise needed("track_metadata", "a recording_mbid, or track_name and artist_name")
    track_id = fitting("track", mbid) if mbid else track_name(artist, title)
    length_ms = whole(info.get("duration_ms"), "duration_ms") or whole(info.get("duration"), "duration", 1000)
    record = checked(
        {
            "event_id": name_of("listenbrainz", listener_id, started_ms, track_id),
            "listener_id": listener_id,
            "track_id": track_id,
            "started_ms": started_ms,
            "heard_ms": whole(info.get("duration_played"), "duration_played", 1000),
            "length_ms": length_ms or None,
        },
        Play,
    )
    names = Names(title, artist, _artist(mapping) or _artist(info), "music", record.length_ms)
    return record, names if title or artist else None, [name for name in (*mbids, *msids) if name]


def _feedback(heard_of: dict[str, list[tuple[int, int]]], found: list[Found]) -> Callable[[Any], Found]:
    """Return the function that writes one row of feedback into the play it is about."""

    def mark(row: Any) -> Found:
        if not isinstance(row, dict):
            raise odd("the row", row, "an object with score and recording_mbid")
        score = whole(row.get("score"), "score")
        if score not in {-1, 0, 1}:
            raise odd("score", row.get("score"), "1, 0 or -1")
        created_ms = time_ms(row.get("created"), "created")
        recordings = [word(row.get(field), field) for field in ("recording_mbid", "recording_msid")]
        plays = (
            next((heard_of[name] for name in recordings if name in heard_of), None)
            if any(recordings)
            else None
        )
        if plays is None:
            detail = "feedback on a recording that this export never plays, expected one that was played"
            raise Rejected("invalid", detail, "recording_mbid")
        after = len(plays) if created_ms is None else bisect_right(plays, (created_ms, len(found)))
        place = plays[max(after - 1, 0)][1]
        play = found[place].record
        assert isinstance(play, Play)
        found[place] = found[place]._replace(record=msgspec.structs.replace(play, liked=score))
        return found[place]

    return mark


def _rows(source: Source) -> Iterator[Row[Any]]:
    """Yield listens: an API answer or submission is one document, exports and dumps are JSON lines."""
    if not _DOCUMENT.match(source.head()):
        yield from _lines(source)
        return
    yield from rows_of(source, ("payload", "listens"), PAYLOAD)


def _lines(source: Source) -> Iterator[Row[Any]]:
    for number, line in source.lines():
        if isinstance(line, DeadLetter):
            yield number, line, line.value
        elif line and not line.isspace():
            try:
                yield number, msgspec.json.decode(line), line
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                letter = DeadLetter("not_json", f"the row is not JSON ({error})", source.name, number, line)
                yield number, letter, line


def _user(source: Source) -> str | None:
    """Return the name that the export's ``user.json`` gives, if it can be read."""
    try:
        said = msgspec.json.decode(source.head())
        return next((word(said.get(field), field) for field in ("username", "user_name", "name")), None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError, Rejected):
        return None


def _object(said: dict[str, Any], field: str) -> dict[str, Any]:
    value = said.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise odd(field, value, "an object")
    return value


def _artist(said: dict[str, Any]) -> str | None:
    """Return the first artist's MBID; a list in another shape says nothing."""
    mbids = said.get("artist_mbids")
    first = mbids[0] if isinstance(mbids, list) and mbids else None
    return first.strip() or None if isinstance(first, str) else None


def _knows(name: str, head: bytes) -> bool:
    if _USER.search(name):
        return b'"user_id"' in head
    if _FEEDBACK.search(name):
        return b'"score"' in head
    return _LISTENS.search(name) is not None or b'"track_metadata"' in head


LISTENBRAINZ = Importer(
    "ListenBrainz: API answer, user export zip, or full dump", _knows, read, export=True, takes=("listener",)
)
