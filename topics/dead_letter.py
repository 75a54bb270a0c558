"""DeadLetter: the untouched bytes of a record that could not be used, and why."""

from typing import Literal

from msgspec import Struct

Reason = Literal["not_json", "invalid", "unknown_schema", "late", "future", "failed"]


class Rejected(ValueError):
    """A record cannot be used; says what, what came and what was expected."""

    def __init__(self, reason: Reason, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail
        self.field = field


class DeadLetter(Struct, frozen=True, omit_defaults=True):
    """On Kafka ``value`` is the record's value and all else its headers; in files all is one line."""

    reason: Reason
    detail: str
    source: str  # topic, or the file's name
    offset: int  # offset, or line number counted from 1
    value: bytes
    partition: int = 0
    field: str = ""
    key: bytes | None = None

    def __str__(self) -> str:
        place = f"{self.source}[{self.partition}]@{self.offset}"
        return f"{place}: {self.detail}; sent to dead-letters, listener untouched"
