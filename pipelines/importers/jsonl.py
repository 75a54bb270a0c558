"""jsonl: our own JSON lines, in log order as they stand; streams."""

from collections.abc import Iterable, Iterator

from pipelines.importers.entry import Columns, Found, Importer
from pipelines.importers.rows import rejected
from pipelines.importers.source import Source
from topics.codec import SCHEMA_OF, decode_line
from topics.dead_letter import DeadLetter, Rejected
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request
from topics.track import Track

LOG = (Play, Request, Erasure, Track, DeadLetter)
CATALOGUE = (Track, DeadLetter)


def read(sources: Iterable[Source], columns: Columns) -> Iterator[Found]:  # noqa: ARG001  nothing to name
    """Yield one record for each line; blank lines are passed over. Nothing is sorted."""
    return records(sources, LOG)


def records(sources: Iterable[Source], kinds: tuple[type, ...]) -> Iterator[Found]:
    """Yield the records of some kinds; a line that holds another one is odd."""
    expected = ", ".join(SCHEMA_OF[kind] for kind in kinds)
    for source in sources:
        name = source.name
        for number, line in source.lines():
            if isinstance(line, DeadLetter):
                yield Found(line)
                continue
            try:
                record, received_ms = decode_line(line)
            except Rejected as error:
                if line and not line.isspace():
                    yield Found(rejected(error, name, number, line))
                continue
            if type(record) in kinds:
                yield Found(record, None, received_ms, (name, number, line))
            else:
                detail = f"schema is {SCHEMA_OF[type(record)]!r}, expected one of {expected} in this file"
                yield Found(DeadLetter("unknown_schema", detail, name, number, line, field="schema"))


def _knows(name: str, head: bytes) -> bool:  # noqa: ARG001  any name will do
    return any(
        line.startswith(b"{") and (b'.v1"' in line or (b'"event_id"' in line and b'"track_id"' in line))
        for line in map(bytes.strip, head.split(b"\n")[:50])
        if b'"track_metadata"' not in line
    )


JSONL = Importer("our own JSON lines: play.v1, request.v1, erasure.v1, track.v1", _knows, read, ordered=True)
