"""Table: rows of comma or tab separated files, each alone, so that one broken row costs only itself."""

import csv
from collections import deque
from collections.abc import Iterator

from pipelines.importers.rows import Row
from pipelines.importers.source import MARK, ImportFailed, Source
from topics.dead_letter import DeadLetter

DELIMITERS = ",\t;|"
JOINED_LINES_MAX = 32  # that one quoted row may span
JOINED_MAX = 1 << 16  # bytes of such a row


class Table:
    """A file with a header line. ``header`` has the column names, lower case, without spaces around.

    Raises `ImportFailed` if the file has no line that could be a header.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._lines = source.lines()
        for _, line in self._lines:
            if isinstance(line, DeadLetter):
                raise ImportFailed(f"{source.name} has no header line: {line.detail}")
            if line.strip():
                self.delimiter, self.header = header_of(line)
                return
        self.delimiter, self.header = ",", []  # an empty file is an empty log

    def rows(self) -> Iterator[Row[list[str]]]:
        """Yield each row; one that cannot be cut into the header's columns is a dead letter."""
        return rows(self._lines, self.source.name, self.delimiter, len(self.header))


def header_of(line: bytes) -> tuple[str, list[str]]:
    r"""Return a header's delimiter and its column names.

    >>> header_of(b"User_ID;Track\r")
    (';', ['user_id', 'track'])
    """
    text = line.removeprefix(MARK).decode("utf-8", "replace").rstrip("\r\n")
    delimiter = max(DELIMITERS, key=text.count)
    try:
        cells = next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:  # a carriage return in the middle, or a cell beyond any sense: no header of ours
        cells = [text]
    return delimiter, [cell.strip().casefold() for cell in cells]


def rows(
    lines: Iterator[tuple[int, bytes | DeadLetter]],
    name: str,
    delimiter: str,
    width: int,
    quote: bytes = b'"',
) -> Iterator[Row[list[str]]]:
    """Cut lines into rows of ``width`` cells; blank lines are passed over.

    A quoted cell may span lines (an empty ``quote`` says that quotes mean nothing). Where joining up
    to 32 lines gives no row of the right width, the first line alone is odd and reading goes on behind
    it, so a stray quote swallows no other row.
    """
    ahead: deque[tuple[int, bytes | DeadLetter]] = deque()  # read in vain while joining
    while item := ahead.popleft() if ahead else next(lines, None):
        number, line = item
        if isinstance(line, DeadLetter):
            yield number, line, line.value
            continue
        if quote and quote in line:
            quoted = _quoted(number, line, lines, ahead, delimiter, width)
            yield quoted or (number, _odd(name, number, line, delimiter, width, quote), line)
            continue
        try:
            cells = line.decode().rstrip("\r").split(delimiter)
        except UnicodeDecodeError:
            cells = []
        if len(cells) == width:
            yield number, cells, line
        elif line and not line.isspace():
            yield number, _odd(name, number, line, delimiter, width, quote), line


def _quoted(
    number: int,
    line: bytes,
    lines: Iterator[tuple[int, bytes | DeadLetter]],
    ahead: deque[tuple[int, bytes | DeadLetter]],
    delimiter: str,
    width: int,
) -> Row[list[str]] | None:
    """Return the row that begins with this line; lines read but not used stay in ``ahead``."""
    used = 0
    while True:
        if line.count(b'"') % 2 == 0:  # else a quote is still open
            cells = _cells(line, delimiter)
            if cells is not None and len(cells) == width:
                for _ in range(used):
                    ahead.popleft()
                return number, cells, line
            if not used:
                return None
        if used == len(ahead):
            following = next(lines, None)
            if following is None:
                return None
            ahead.append(following)
        more = ahead[used][1]
        if used == JOINED_LINES_MAX or isinstance(more, DeadLetter) or len(line) + len(more) > JOINED_MAX:
            return None
        line += b"\n" + more
        used += 1


def _cells(line: bytes, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader([line.decode().rstrip("\r")], delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return None


def _odd(name: str, number: int, line: bytes, delimiter: str, width: int, quote: bytes) -> DeadLetter:
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        detail = f"byte {error.start + 1} of the row is not UTF-8, expected UTF-8"
        return DeadLetter("invalid", detail, name, number, line)
    cells = _cells(line, delimiter) if quote and quote in line else text.split(delimiter)
    if cells is None:
        detail = "a quote is never closed, or closes inside a cell; expected cells quoted as a whole"
    else:
        detail = f"the row has {len(cells)} cells, expected {width} as in the header"
    return DeadLetter("invalid", detail, name, number, line)
