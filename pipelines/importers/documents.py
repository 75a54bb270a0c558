"""Documents: the elements of a JSON array as rows, each with its line and bytes, however broken the rest."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from pipelines.importers.rows import Row
from pipelines.importers.source import LINE_MAX, Source
from topics.dead_letter import DeadLetter

ARRAY = re.compile(rb"\s*\[")
_OBJECT = re.compile(rb"\s*\{")
_BORDER = re.compile(rb"\}\s*,\s*\{")
_SPACE = re.compile(rb"[\s,]*")
_WINDOW = 1 << 14  # most rows have less than 2 KiB
_VAIN_MAX = 64  # times the document's size that may be read in vain while looking for whole elements
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_scan = json.JSONDecoder().raw_decode


def rows_of(
    source: Source, path: tuple[str, ...] = (), opening: re.Pattern[bytes] = ARRAY
) -> Iterator[Row[Any]]:
    """Yield the decoded elements of an array: the document itself, or where ``path`` leads in it.

    A step of ``path`` that meets the array already is left out. Of a broken document every element
    that is whole is found from where ``opening`` matches on; what lies between is a dead letter.
    """
    data = source.whole()
    try:
        raw = _array(data, path)
        elements = None if raw is None else _elements(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield from _salvaged(source, data, path, opening)
        return
    if elements is None:
        if data.strip():
            where = "an array of rows" + (f" at {'.'.join(path)}" if path else "")
            yield 1, _letter(source, 1, data, f"the document does not hold {where}"), data[:LINE_MAX]
        return
    at, number = 0, 1
    for element in elements:
        content = bytes(element)
        begin = data.find(content, at)  # elements follow each other: this is where it stands
        number += data.count(b"\n", at, begin)
        yield _row(source, number, content)
        number += content.count(b"\n")
        at = begin + len(content)


def _array(data: bytes, path: tuple[str, ...]) -> bytes | msgspec.Raw | None:
    """Return the array's bytes, None if there is none; raises `msgspec.DecodeError` for broken JSON."""
    raw: bytes | msgspec.Raw | None = data
    for step in path:
        if raw is None or not _OBJECT.match(raw):
            break
        raw = _members(raw).get(step)
    if raw is None or ARRAY.match(raw):
        return raw
    msgspec.json.decode(raw)
    return None


def _row(source: Source, number: int, content: bytes) -> Row[Any]:
    try:
        return number, msgspec.json.decode(content), content
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return number, _letter(source, number, content, f"the row is not JSON ({error})", "not_json"), content


def _salvaged(
    source: Source, data: bytes, path: tuple[str, ...], opening: re.Pattern[bytes]
) -> Iterator[Row[Any]]:
    """Yield every element that is whole, and what lies between them as dead letters."""
    start = opening.search(data)
    if start is None:
        detail = source.cut_off if source.problem else "the document is not JSON, expected an array of rows"
        yield 1, _letter(source, 1, data, detail, "not_json"), data[:LINE_MAX]
        return
    text = data.decode("latin-1")  # one character a byte: only the structure is looked at here
    at, number, counted, vain, weary = start.end(), 1, 0, 0, False
    while True:
        space = _SPACE.match(data, at)
        at = space.end() if space else at
        number += data.count(b"\n", counted, at)
        counted = at
        if data[at : at + 1] in {b"", b"]"}:
            break
        end, looked = _end_of_element(text, at)
        if end is None:
            vain += looked
            weary = vain > _VAIN_MAX * len(data)
            border = None if weary else _BORDER.search(data, at)
            if border is None:
                break
            end = border.start() + 1
            odd = data[at : min(end, at + LINE_MAX)]
            yield number, _letter(source, number, odd, "the row is not JSON", "not_json"), odd
        else:
            yield _row(source, number, data[at:end])
        at = end
    if path and data[at : at + 1] == b"]":
        return  # what stands behind the array holds no rows
    yield from _remains(source, number, data[at : at + LINE_MAX], weary)


def _end_of_element(text: str, at: int) -> tuple[int | None, int]:
    """Return where the element at ``at`` ends, None if it is broken, and how much had to be looked at.

    A window is looked at, and a larger one where the element may go on behind it: an error is as dear
    as all text before it, so it must never be asked of the whole document.
    """
    looked, size = 0, _WINDOW
    while True:
        window = text[at : at + size]
        looked += len(window)
        try:
            return at + _scan(window)[1], looked
        except json.JSONDecodeError as error:
            if error.pos < len(window) - 16 and not error.msg.startswith("Unterminated"):
                return None, looked - len(window) + error.pos  # not at the window's end: it is broken
            if at + size >= len(text):
                return None, looked
        except (ValueError, RecursionError):  # a number of thousands of digits; a thousand levels
            return None, looked
        size *= 16


def _remains(source: Source, number: int, rest: bytes, weary: bool) -> Iterator[Row[Any]]:
    """Yield a dead letter for what stands where no element could be found, or for a missing end."""
    closed = rest.startswith(b"]")
    rest = rest[1:].strip() if closed else rest
    if source.problem:
        detail = source.cut_off
    elif weary:
        detail = "too many broken rows: what came before was read, reading stopped here"
    elif rest:
        detail = "what stands here is not JSON"
    elif not closed:
        detail = "the array is never closed: what came before was read, the rest is missing"
    else:
        return
    yield number, _letter(source, number, rest, detail, "not_json"), rest


def _letter(source: Source, number: int, value: bytes, detail: str, reason: Any = "invalid") -> DeadLetter:
    """Return a dead letter with at most the first MiB of the bytes."""
    return DeadLetter(reason, detail, source.name, number, value[:LINE_MAX])
