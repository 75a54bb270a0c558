"""Tail: what goes over a topic, for people (one line each) or as JSON lines."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pipelines.kafka.letters import letter_of, schema_of
from pipelines.kafka.read import Record
from topics.codec import decode, encode_line
from topics.dead_letter import DeadLetter, Rejected
from topics.feedback import Feedback
from topics.scores import Decision

TAILED = ("scores", "decisions", "feedback", "dead-letters")
SHOWN_TRACKS = 5


def records_of(records: Iterator[Record], topic: str) -> Iterator[Any]:
    """Yield what the records of a topic hold; what cannot be read is passed over."""
    for record in records:
        try:
            if topic == "dead-letters":
                yield letter_of(record.key, record.value, record.headers)[0]
                continue
            yield decode(record.value or b"", schema_of(record.headers))
        except Rejected:
            continue


def concerns(record: Any, listener_id: str, mark: str) -> bool:
    """Tell whether a record is about a listener; feedback names listeners by their mark only."""
    if isinstance(record, Feedback):
        return record.listener_mark == mark
    if isinstance(record, DeadLetter):
        return record.key == listener_id.encode()
    if isinstance(record, Decision):
        record = record.scores
    return bool(record.listener_id == listener_id)


def as_json(record: Any) -> str:
    """Return a record as one line of JSON, which carries its schema."""
    return encode_line(record).decode().rstrip("\n")


def as_text(record: Any) -> str:
    """Return a record as one line for people.

    >>> from topics.scores import Scores
    >>> as_text(Scores("d", "ann", 0, "home", "e1", "greedy", "12", ()))
    '00:00:00 ann after e1 by greedy 12: nothing'
    """
    if isinstance(record, DeadLetter):
        return f"{record.reason}: {record}"
    if isinstance(record, Feedback):
        earned = ", ".join(f"{slot.track_id} {slot.reward:.2f}" for slot in record.slots) or "nothing new"
        end = ", final" if record.final else ""
        return (
            f"{_clock(record.at_ms)} {record.kind} {record.decision_id} part {record.part}{end} "
            f"({record.policy} {record.policy_version}): {earned}"
        )
    scores = record.scores if isinstance(record, Decision) else record
    slate = ", ".join(f"{one.track_id} {one.score:.3f}" for one in scores.slate[:SHOWN_TRACKS])
    more = len(scores.slate) - SHOWN_TRACKS
    rest = f" and {more} more" if more > 0 else ""
    seen = f" of {len(record.candidates)} candidates" if isinstance(record, Decision) else ""
    return (
        f"{_clock(scores.at_ms)} {scores.listener_id} after {scores.cause} by {scores.policy} "
        f"{scores.policy_version}: {slate or 'nothing'}{rest}{seen}"
    )


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%H:%M:%S")
