"""Rows: what a file is cut into, and how each becomes a record or, if it is odd, a dead letter."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from pipelines.importers.entry import Found
from topics.dead_letter import DeadLetter, Rejected

T = TypeVar("T")

Row = tuple[int, T | DeadLetter, bytes]
"""The line where a row begins, from 1; its content, or why there is none; its untouched bytes."""


def converted(rows: Iterable[Row[T]], name: str, convert: Callable[[T], Found]) -> Iterator[Found]:
    """Yield what ``convert`` makes of each row; where it raises `Rejected`, the row's dead letter."""
    for number, content, raw in rows:
        if isinstance(content, DeadLetter):
            yield Found(content)
            continue
        try:
            yield convert(content)
        except Rejected as error:
            yield Found(rejected(error, name, number, raw))


def rejected(error: Rejected, name: str, number: int, raw: bytes) -> DeadLetter:
    """Return the dead letter of a row."""
    return DeadLetter(error.reason, error.detail, name, number, raw, field=error.field)
