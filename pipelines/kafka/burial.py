"""Burial: what becomes of a record that cannot be used, and when so many fail that going on is wrong."""

from typing import Any, Protocol

from pipelines.failures import Failures, last_line
from pipelines.kafka.letters import headers_of, schema_of
from pipelines.kafka.outputs import Output
from topics.dead_letter import DeadLetter, Reason, Rejected


class Counts(Protocol):
    """Who counts dead letters."""

    def buried(self, kind: str, reason: str) -> None:
        """Count one record that became a dead letter."""


class Burial:
    """Makes dead letters of records, and counts them."""

    def __init__(self, topic: str, metrics: Counts) -> None:
        self._topic, self._metrics = topic, metrics
        self.failures = Failures()

    def rejected(self, record: Any, error: Rejected) -> Output:
        """Return the letter of a record that is their fault."""
        self.failures.in_a_row = 0
        return self._letter(record, error.reason, error.detail, error.field)

    def failed(self, record: Any, error: Exception) -> Output:
        """Return the letter of a record that is ours; raises `Halted` once they are too many."""
        detail = last_line(error)
        self.failures.add(record.offset, detail)
        return self._letter(record, "failed", detail, "")

    def _letter(self, record: Any, reason: Reason, detail: str, field: str) -> Output:
        self._metrics.buried(record.topic, reason)
        letter = DeadLetter(
            reason,
            detail,
            record.topic,
            record.offset,
            record.value or b"",
            record.partition,
            field,
            record.key,
        )
        headers = headers_of(letter, schema_of(record.headers), is_null=record.value is None)
        empty = record.key is None and record.value is None  # aiokafka sends no record that is nothing at all
        return Output(self._topic, 0, record.key, b"" if empty else record.value, headers)
