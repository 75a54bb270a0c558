"""mssd: the Music Streaming Sessions log (one row a play: session, position, track, skips, hour, date).

Taken as it stands: ``skipped`` is ``skip_2`` (played only briefly), ``surface`` is ``context_type``,
``end_reason`` is ``hist_user_behavior_reason_end``, or "trackdone" where ``not_skipped`` says that the
track was played to its end. How long it was heard, and how long the track is, stays unknown.

What is made up, because the log has no listeners and no clock below the hour: each session is a
listener of its own. ``date`` and ``hour_of_day`` (local, read as UTC) give the hour; inside it the plays
of a session follow each other by 180 s, by 210 s after a short and by 300 s after a long pause, closer
if they would not fit. A session begins with its hour; one that runs on into the next hour is placed so
that the first play of that hour stands at its beginning; plays of an hour that lies whole between two
others are spread over it. No step is above 25 minutes or below 30 s, whatever the hours say, so that a
session of the log stays one session.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.naming import fitting
from pipelines.importers.rows import rejected
from pipelines.importers.source import ImportFailed, Source, first_line
from pipelines.importers.table import Table, header_of
from pipelines.importers.values import checked, flag, needed, odd, time_ms, whole, word
from topics.dead_letter import DeadLetter, Rejected
from topics.ids import name_of
from topics.play import Play

HOUR_MS = 3_600_000
TIME_MS_MAX = 4_102_444_800_000 - 86_400_000
STEP_MS, STEP_SHORT_MS, STEP_LONG_MS = 180_000, 210_000, 300_000
STEP_MS_MIN, STEP_MS_MAX = 30_000, 1_500_000
COLUMNS = (
    "session_id", "session_position", "track_id_clean", "skip_2", "not_skipped", "hour_of_day", "date",
    "short_pause_before_play", "long_pause_before_play", "context_type", "hist_user_behavior_reason_end",
)  # fmt: skip


class Listened(NamedTuple):
    """One row of the log."""

    position: int
    hour_ms: int
    step_ms: int  # between the play before and this one, unless the hour has too many
    fields: dict[str, Any]
    number: int
    raw: bytes


def read(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:  # noqa: ARG001  the names are fixed
    """Yield one play for each row; a session's rows stand together."""
    for source in sources:
        table = Table(source)
        if not table.header:
            continue
        lacking = [name for name in COLUMNS if name not in table.header]
        if lacking:
            raise ImportFailed(
                f"{source.name} lacks {', '.join(lacking)}, expected the columns of the sessions log"
            )
        pick = itemgetter(*(table.header.index(name) for name in COLUMNS))
        session, rows = "", list[Listened]()
        for number, cells, raw in table.rows():
            if isinstance(cells, DeadLetter):
                yield Found(cells)
                continue
            try:
                row = _row(pick(cells), number, raw)
            except Rejected as error:
                yield Found(rejected(error, source.name, number, raw))
                continue
            if row.fields["listener_id"] != session:
                yield from _session(rows, source.name)
                session, rows = row.fields["listener_id"], []
            rows.append(row)
        yield from _session(rows, source.name)


def _row(cells: tuple[str, ...], number: int, raw: bytes) -> Listened:
    session, position, track, skip_2, not_skipped, hour, date, short, long, surface, reason = cells
    place, hour_of_day = whole(position, "session_position"), whole(hour, "hour_of_day")
    day_ms = _day_ms(date)
    if not session.strip() or place is None or hour_of_day is None or day_ms is None:
        raise needed("session_id, session_position, date or hour_of_day", "all four")
    if not 0 <= hour_of_day < 24:
        raise odd("hour_of_day", hour_of_day, "an hour from 0 to 23")
    hour_ms = day_ms // HOUR_MS * HOUR_MS + hour_of_day * HOUR_MS
    if not 0 <= hour_ms <= TIME_MS_MAX:  # here, not as a play: the plays behind it would follow it there
        raise odd("date", date, "a date from 1970 to 2099")
    step_ms = STEP_LONG_MS if flag(long, "long_pause_before_play") else STEP_MS
    if step_ms == STEP_MS and flag(short, "short_pause_before_play"):
        step_ms = STEP_SHORT_MS
    fields = {
        "event_id": name_of("mssd", session.strip(), place, track),
        "listener_id": fitting("session", session.strip()),
        "track_id": track.strip(),
        "skipped": flag(skip_2, "skip_2"),
        "end_reason": "trackdone" if flag(not_skipped, "not_skipped") else word(reason, "reason_end"),
        "surface": word(surface, "context_type") or "now_playing",
    }
    return Listened(place, hour_ms, step_ms, fields, number, raw)


@lru_cache(maxsize=1 << 10)
def _day_ms(date: str) -> int | None:
    return time_ms(date, "date")


def _session(rows: list[Listened], name: str) -> Iterator[Found]:
    rows.sort(key=lambda row: row.position)
    for row, at_ms in zip(rows, times(rows), strict=True):
        try:
            yield Found(checked(row.fields | {"started_ms": at_ms}, Play))
        except Rejected as error:
            yield Found(rejected(error, name, row.number, row.raw))


def times(rows: list[Listened]) -> list[int]:
    """Return the made-up start of each play of a session, in milliseconds; see above."""
    hours = [list(run) for _, run in groupby(rows, key=lambda row: row.hour_ms)]
    result: list[int] = []
    for place, run in enumerate(hours):
        last = place == len(hours) - 1
        inside = sum(row.step_ms for row in run[1:])
        onward = STEP_MS if last else hours[place + 1][0].step_ms
        shrink = min(1.0, HOUR_MS / (inside + onward))
        if place > 0 and not last:
            shrink = HOUR_MS / (inside + onward)  # from one end of the hour to the other
        begin = HOUR_MS - (inside + onward) * shrink if place == 0 and not last else 0.0
        since = 0
        for row in run:
            since += row.step_ms if row is not run[0] else 0
            at_ms = row.hour_ms + round(begin + since * shrink)
            if result:
                at_ms = min(max(at_ms, result[-1] + STEP_MS_MIN), result[-1] + STEP_MS_MAX)
            result.append(at_ms)
    return result


def _knows(name: str, head: bytes) -> bool:  # noqa: ARG001  any name will do
    header = header_of(first_line(head))[1]
    return all(column in header for column in ("session_id", "track_id_clean", "skip_2"))


MSSD = Importer("Music Streaming Sessions log", _knows, read)
