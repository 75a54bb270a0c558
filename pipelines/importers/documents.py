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
_VAIN_MAX = 16  # times the document's size that may be read in vain while looking for whole elements
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
        yield from _salvaged(source, data, opening)
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
        at = begin
        yield _row(source, number, content)


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


def _salvaged(source: Source, data: bytes, opening: re.Pattern[bytes]) -> Iterator[Row[Any]]:
    """Yield every element that is whole, and what lies between them as dead letters."""
    start = opening.search(data)
    text = data.decode("latin-1")  # one character a byte: only the structure is looked at here
    at = start.end() if start else len(data)
    if start is None:
        detail = source.cut_off if source.problem else "the document is not JSON, expected an array of rows"
        yield 1, _letter(source, 1, data, detail, "not_json"), data[:LINE_MAX]
        return
    number, counted, vain = 1, 0, 0
    while True:
        space = _SPACE.match(data, at)
        at = space.end() if space else at
        number += data.count(b"\n", counted, at)
        counted = at
        rest = data[at : at + LINE_MAX]
        if rest.startswith(b"]"):
            rest = rest[1:].strip()
        elif rest:
            try:
                _, end = _scan(text, at)
                yield _row(source, number, data[at:end])
                at = end
                continue
            except (ValueError, RecursionError) as error:
                vain += error.pos - at if isinstance(error, json.JSONDecodeError) else len(data) // 64
            border = _BORDER.search(data, at)
            if border and vain <= _VAIN_MAX * len(data):
                odd = data[at : border.start() + 1]
                yield number, _letter(source, number, odd, "the row is not JSON", "not_json"), odd[:LINE_MAX]
                at = border.start() + 1
                continue
        if source.problem:
            yield number, _letter(source, number, rest, source.cut_off, "not_json"), rest
        elif rest:
            yield number, _letter(source, number, rest, "what stands here is not JSON", "not_json"), rest
        return


def _letter(source: Source, number: int, value: bytes, detail: str, reason: Any = "invalid") -> DeadLetter:
    """Return a dead letter with at most the first MiB of the bytes."""
    return DeadLetter(reason, detail, source.name, number, value[:LINE_MAX])
