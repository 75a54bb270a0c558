"""Letters: dead letters on Kafka: the untouched bytes, and in headers all that is said of them."""

from collections.abc import Sequence

from topics.codec import DEFAULT_SCHEMA
from topics.dead_letter import DeadLetter, Rejected
from topics.explain import cut
from topics.registry import SCHEMA_HEADER

Headers = Sequence[tuple[str, bytes]]

NULL = "null"  # header of a letter whose value was no bytes at all
SOURCE_SCHEMA = "source-schema"


def headers_of(letter: DeadLetter, schema: str, *, is_null: bool) -> list[tuple[str, bytes]]:
    """Return the headers of a letter; ``schema`` is what its record's own header said."""
    headers = [
        (SCHEMA_HEADER, b"dead-letter.v1"),
        ("reason", letter.reason.encode()),
        ("detail", letter.detail.encode()),
        ("field", letter.field.encode()),
        ("source", letter.source.encode()),
        ("partition", str(letter.partition).encode()),
        ("offset", str(letter.offset).encode()),
        (SOURCE_SCHEMA, schema.encode()),
    ]
    return [*headers, (NULL, b"1")] if is_null else headers


def letter_of(key: bytes | None, value: bytes | None, headers: Headers) -> tuple[DeadLetter, str]:
    """Return a letter, and the schema that its record claimed; raises `Rejected` for what is none of ours.

    >>> sent = DeadLetter("late", "too late", "listener-events", 7, b"{}", 3, "started_ms", b"ann")
    >>> letter_of(b"ann", b"{}", headers_of(sent, "play.v1", is_null=False)) == (sent, "play.v1")
    True
    """
    said = {name: (text or b"").decode(errors="replace") for name, text in headers}
    for name in ("reason", "detail", "source", "offset", "partition", "field"):
        if name not in said:
            raise Rejected("invalid", f"the header {name} is missing, expected those of a dead letter", name)
    for name in ("offset", "partition"):
        if not (said[name].isascii() and said[name].isdecimal() and len(said[name]) < 20):
            raise Rejected("invalid", f"the header {name} is {cut(said[name])!r}, expected a number", name)
    return (
        DeadLetter(
            reason=said["reason"],  # type: ignore[arg-type]  # we wrote it
            detail=said["detail"],
            source=said["source"],
            offset=int(said["offset"]),
            value=value or b"",
            partition=int(said["partition"]),
            field=said["field"],
            key=key,
        ),
        said.get(SOURCE_SCHEMA, DEFAULT_SCHEMA),
    )


def schema_of(headers: Headers) -> str:
    """Return what a record's header says it is; without one it is a play.

    >>> schema_of([("schema", b"request.v1")]), schema_of([])
    ('request.v1', 'play.v1')
    """
    for name, value in headers:
        if name == SCHEMA_HEADER:
            return value.decode(errors="replace")
    return DEFAULT_SCHEMA
