"""Letters: what becomes of a record that was read well but could not be used."""

import traceback
from pathlib import Path

from pipelines.importers import Entry
from topics.codec import encode_line
from topics.dead_letter import DeadLetter, Reason
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request


def letter_of(
    record: Play | Request | Erasure, entry: Entry, reason: Reason, detail: str, field: str = ""
) -> DeadLetter:
    """Return the dead letter of a record that was read well.

    Its bytes are the untouched line where the format streams, with the file and the line's number; else
    the record that was made of the row, with its place among all records.
    """
    source, line, value = entry.origin or ("listener-events", entry.offset, encode_line(record))
    return DeadLetter(reason, detail, source, line, value, field=field)


def last_line(error: Exception) -> str:
    """Return the last line of an exception's traceback, and where it was raised.

    >>> try:
    ...     int("x")
    ... except ValueError as error:
    ...     last_line(error)
    "ValueError: invalid literal for int() with base 10: 'x' (<doctest ...>, line 2)"
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return traceback.format_exception_only(error)[-1].strip()[:300] + where
