"""sessions: session lists, one session's tracks in order (``session_idx,items``), without a clock; streams.

What is made up, because the file does not say it: each session is a listener of its own, named by its
id, and time is a grid. The first play of the file is at 2000-01-01T00:00:00Z, every next play starts
30 s later, across sessions too, so sessions never interleave and no gap closes one early. How long a
play was heard stays unknown.
"""

from collections.abc import Iterable, Iterator

from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.naming import fitting
from pipelines.importers.rows import rejected
from pipelines.importers.source import ImportFailed, Source, first_line
from pipelines.importers.table import Table, header_of
from pipelines.importers.values import checked, needed
from topics.dead_letter import DeadLetter, Rejected
from topics.ids import name_of
from topics.play import Play

EPOCH_MS = 946_684_800_000  # 2000-01-01T00:00:00Z
STEP_MS = 30_000
SESSION = ("session_idx", "session_id", "session")
ITEMS = ("items", "tracks", "item_ids", "track_ids")


def read(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:  # noqa: ARG001  the names are fixed
    """Yield the plays of each session; a session with an odd item is odd as a whole."""
    at_ms = EPOCH_MS
    for source in sources:
        table = Table(source)
        if not table.header:
            continue
        session_at, items_at = _places(table.header)
        if session_at is None or items_at is None:
            raise ImportFailed(
                f"{source.name} has {', '.join(table.header)[:500]}, expected session_idx and items"
            )
        for number, cells, raw in table.rows():
            if isinstance(cells, DeadLetter):
                yield Found(cells)
                continue
            try:
                plays = _plays(cells[session_at].strip(), cells[items_at].split(), at_ms)
            except Rejected as error:
                yield Found(rejected(error, source.name, number, raw))
                continue
            at_ms += STEP_MS * len(plays)
            for play in plays:
                yield Found(play)


def _plays(session: str, items: list[str], at_ms: int) -> list[Play]:
    if not session:
        raise needed("session", "the session's id")
    if not items:
        raise needed("items", "track ids between spaces")
    listener_id = fitting("session", session)
    return [
        checked(
            {
                "event_id": name_of("sessions", session, slot, item),
                "listener_id": listener_id,
                "track_id": item,
                "started_ms": at_ms + STEP_MS * slot,
            },
            Play,
        )
        for slot, item in enumerate(items)
    ]


def _places(header: list[str]) -> tuple[int | None, int | None]:
    session = next((header.index(name) for name in SESSION if name in header), None)
    return session, next((header.index(name) for name in ITEMS if name in header), None)


def _knows(name: str, head: bytes) -> bool:  # noqa: ARG001  any name will do
    return None not in _places(header_of(first_line(head))[1])


SESSIONS = Importer("session lists: session_idx,items (track ids between spaces)", _knows, read, ordered=True)
