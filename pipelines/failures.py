"""Failures: when exceptions inside a step are so many that going on would only bury good records."""

import traceback
from collections import deque
from pathlib import Path

IN_A_ROW_MAX = 100
WINDOW = 10_000  # records
SHARE_MAX = 0.05
COUNT_MIN = 200  # below it a share says nothing


class Halted(RuntimeError):
    """Too many records failed inside a step: that is our fault, not the log's."""


class Failures:
    """Counts records that failed; `add` raises `Halted` once they are too many.

    >>> failures = Failures()
    >>> for record in range(100):
    ...     failures.add(record, "ZeroDivisionError: division by zero")
    >>> failures.add(100, "ZeroDivisionError: division by zero")
    Traceback (most recent call last):
    ...
    pipelines.failures.Halted: 101 records in a row failed inside segue, the last (record 100) with
    ZeroDivisionError: division by zero; this is a fault of segue, not of the log
    """

    def __init__(self, in_a_row: int = 0, recent: list[int] | None = None) -> None:
        self.in_a_row = in_a_row
        self.recent = deque(recent or ())  # numbers of failed records among the last `WINDOW`

    def add(self, record: int, detail: str) -> None:
        """Count a failed record, once, by its number in the log."""
        if self.recent and self.recent[-1] == record:
            return
        self.in_a_row += 1
        self.recent.append(record)
        while self.recent[0] <= record - WINDOW:
            self.recent.popleft()
        read = min(record + 1, WINDOW)
        if self.in_a_row > IN_A_ROW_MAX:
            many = f"{self.in_a_row} records in a row"
        elif len(self.recent) >= COUNT_MIN and len(self.recent) > SHARE_MAX * read:
            many = f"{len(self.recent)} of the last {read} records"
        else:
            return
        raise Halted(
            f"{many} failed inside segue, the last (record {record}) with {detail}; "
            "this is a fault of segue, not of the log"
        )


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
