"""Codec: JSON bytes to records and back; what cannot be read is `Rejected` with the reason."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from topics.dead_letter import DeadLetter, Rejected
from topics.erasure import Erasure
from topics.explain import cut, explained
from topics.feedback import Feedback
from topics.ids import TimeMs
from topics.play import Play
from topics.policy_snapshot import PolicySnapshot
from topics.recent_play import RecentPlay
from topics.request import Request
from topics.scores import Decision, Scores
from topics.track import Track
from topics.track_events import TrackEvents
from topics.track_facts import TrackFacts

SCHEMAS: dict[str, type[Struct]] = {
    "play.v1": Play,
    "request.v1": Request,
    "erasure.v1": Erasure,
    "track.v1": Track,
    "scores.v1": Scores,
    "decision.v1": Decision,
    "feedback.v1": Feedback,
    "track-events.v1": TrackEvents,
    "track-facts.v1": TrackFacts,
    "policy-snapshot.v1": PolicySnapshot,
    "recent-play.v1": RecentPlay,
    "dead-letter.v1": DeadLetter,
}
SCHEMA_OF = {record: name for name, record in SCHEMAS.items()}
DEFAULT_SCHEMA = "play.v1"

_decoders: dict[str, Callable[[bytes], Any]] = {
    name: msgspec.json.Decoder(record).decode for name, record in SCHEMAS.items()
}
_encode = msgspec.json.Encoder().encode
_LINE_BEGINS = {record: b'{"schema":"%b",' % name.encode() for record, name in SCHEMA_OF.items()}


class Line(Struct, frozen=True):
    """What a line of a file says beside its record; on Kafka this is header and LogAppendTime."""

    schema: str = DEFAULT_SCHEMA
    received_ms: TimeMs | None = None


_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode_line = msgspec.json.Decoder(Line).decode


def encode(record: Struct) -> bytes:
    """Return the record as JSON bytes, without its schema (on Kafka that is a header).

    >>> encode(Play("e1", "ann", "t1", 0))
    b'{"event_id":"e1","listener_id":"ann","track_id":"t1","started_ms":0}'
    """
    return _encode(record)


def encode_line(record: Struct) -> bytes:
    r"""Return the record as one line of a file, which carries its schema in front.

    >>> encode_line(Erasure("ann", 5))
    b'{"schema":"erasure.v1","listener_id":"ann","at_ms":5}\n'
    """
    return b"%b%b\n" % (_LINE_BEGINS[type(record)], _encode(record)[1:])


def decode(value: bytes, schema: str = DEFAULT_SCHEMA) -> Any:
    """Return the record that these bytes hold.

    Raises `Rejected` that names the field, what came and what was expected:

    >>> decode(b'{"event_id":"e1","listener_id":"ann","track_id":"t1","started_ms":-5}')
    Traceback (most recent call last):
    ...
    topics.dead_letter.Rejected: started_ms is -5, expected `int` >= 0
    """
    decoder = _decoders.get(schema)
    if decoder is None:
        known = ", ".join(SCHEMAS)
        raise Rejected("unknown_schema", f"schema is {cut(repr(schema))}, expected one of {known}", "schema")
    try:
        return decoder(value)
    except _UNREADABLE as error:
        raise explained(value, error, SCHEMAS[schema]) from None


def decode_line(line: bytes) -> tuple[Any, int | None]:
    """Return the record of one line of a file, and when its log received it, if the line says so."""
    try:
        head = _decode_line(line)
    except _UNREADABLE as error:
        raise explained(line, error, Line) from None
    return decode(line, head.schema), head.received_ms
