"""ListenerEvents: a record of ``listener-events`` read, whoever fetched it."""

from typing import Any

from pipelines.kafka.letters import schema_of
from topics.codec import decode
from topics.dead_letter import Rejected
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request

KIND_OF = {Play: "play", Request: "request", Erasure: "erasure"}


def read_event(record: Any) -> Play | Request | Erasure:
    """Return what a record holds; raises `Rejected` where it is not what this topic carries."""
    if record.value is None:
        raise Rejected(
            "not_json", "the value is null (a tombstone), expected a play, a request or an erasure"
        )
    found = decode(record.value, schema_of(record.headers))
    if not isinstance(found, Play | Request | Erasure):
        raise Rejected(
            "unknown_schema",
            f"schema is {schema_of(record.headers)!r}, expected play.v1, request.v1 or erasure.v1 here",
            "schema",
        )
    if record.key != found.listener_id.encode():
        came = "null" if record.key is None else repr(record.key.decode(errors="replace"))
        raise Rejected(
            "invalid",
            f"the record's key is {came[:80]}, expected its listener_id: all of a listener belongs in one "
            "partition",
            "listener_id",
        )
    return found
