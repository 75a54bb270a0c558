"""Archive: what a path holds, be it a file, a zip, a folder of exports, or stdin."""

import io
import os
import re
import struct
import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pipelines.importers.source import HEAD, RATIO_FREE, RATIO_MAX, WHOLE_MAX, ImportFailed, Source

ZIP = b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"
FILES_MAX = 10_000
MEMBER_MAX = 2 << 30  # bytes, unpacked
BROKEN = (
    BadZipFile, EOFError, LookupError, NotImplementedError, OverflowError, RuntimeError, ValueError,
    struct.error,
)  # fmt: skip
"""What `zipfile` raises for a broken or hostile table of contents."""
ROWS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".listens", ".gz", ".zip")


def sources_of(path: str) -> list[Source]:
    """Return the files that a path holds, in natural order of their names (2 before 10).

    ``path`` is a file, a zip, a folder of either, or ``-`` for stdin. Nothing of an archive is ever
    written to disk. Raises `ImportFailed` for a folder or zip without files or with too many, and
    OSError as `open` does.
    """
    if path == "-":
        return _from_stdin(cast("io.BufferedReader", sys.stdin.buffer))
    if os.path.isdir(path):
        found = _from_folder(Path(path))
    else:
        with open(path, "rb") as file:
            first = file.read(4)
        found = _from_file(path, os.path.basename(path), first)
    if len(found) > FILES_MAX:
        raise ImportFailed(
            f"{path} holds {len(found)} files, expected at most {FILES_MAX}; import it in parts"
        )
    if not found:
        raise ImportFailed(f"{path} holds no files, expected an export; is it the right folder or zip?")
    return found


def _from_file(path: str, name: str, first: bytes) -> list[Source]:
    if first in (ZIP, EMPTY_ZIP):
        return _from_zip(name, path)
    return [Source(name, lambda: open(path, "rb"))]


def _from_folder(folder: Path) -> list[Source]:
    found: list[Source] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=_natural)
        for name in sorted(files, key=_natural):
            path = os.path.join(place, name)
            if not _may_hold_rows(name) or not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                first = file.read(4)
            found += _from_file(path, os.path.relpath(path, folder).replace(os.sep, "/"), first)
            if len(found) > FILES_MAX:
                return found
    return found


def _from_zip(name: str, file: str | BinaryIO) -> list[Source]:
    try:
        archive = ZipFile(file)
        members = [m for m in archive.infolist() if not m.is_dir() and _may_hold_rows(m.filename)]
    except BROKEN as error:
        raise ImportFailed(f"{name} is a broken zip ({error}); download the export again") from None
    members.sort(key=lambda member: _natural(member.filename))
    return [Source(f"{name}!{_shown(member)}", partial(_member, archive, name, member)) for member in members]


def _member(archive: ZipFile, name: str, member: ZipInfo) -> BinaryIO:
    place = f"{name}!{_shown(member)}"
    if member.file_size > MEMBER_MAX:
        raise ImportFailed(f"{place} unpacks to {member.file_size} bytes, expected at most {MEMBER_MAX}")
    if member.file_size > RATIO_FREE and member.file_size > RATIO_MAX * member.compress_size:
        raise ImportFailed(
            f"{place} unpacks {member.compress_size} bytes to {member.file_size}, expected at most "
            f"{RATIO_MAX} times; unpack it yourself if you trust it"
        )
    if member.header_offset < 0:
        raise BadZipFile("its place in the zip is negative")
    if member.flag_bits & 0x1:
        raise ImportFailed(f"{place} is encrypted; unpack the zip with its password first")
    if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise ImportFailed(
            f"{place} is packed in a way we do not read, expected deflate; unpack the zip first"
        )
    try:
        return cast("BinaryIO", archive.open(member))
    except BROKEN as error:
        raise BadZipFile(str(error)) from None  # this member only: its source will say so


def _shown(member: ZipInfo) -> str:
    return member.filename[-200:].encode("utf-8", "replace").decode()


def _from_stdin(stdin: io.BufferedReader) -> list[Source]:
    head = b""
    while len(head) < HEAD and (more := stdin.read(HEAD - len(head))):
        head += more
    if head[:4] not in (ZIP, EMPTY_ZIP):
        return [Source("stdin", lambda: cast("BinaryIO", _Again(head, stdin)), peek=lambda: io.BytesIO(head))]
    content = head + stdin.read(WHOLE_MAX)
    if len(content) > WHOLE_MAX:
        raise ImportFailed(
            f"the zip on stdin has more than {WHOLE_MAX >> 20} MiB; save it as a file and name that"
        )
    return _from_zip("stdin", io.BytesIO(content))


class _Again(io.RawIOBase):
    """Stdin, whose first bytes were already read in order to know the format."""

    def __init__(self, head: bytes, rest: io.BufferedReader) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int = -1) -> bytes:
        if self._head:
            got, self._head = self._head, b""
            return got
        return self._rest.read1(size)  # as much as is there: a pipe's lines should not wait for a full block


def _may_hold_rows(name: str) -> bool:
    """Whether a file beside others is worth opening: an export has pictures and papers in it, too."""
    base = name.rpartition("/")[2].lower()
    return base.endswith(ROWS) and not base.startswith(".")


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Order names as people do, by the numbers in them."""
    return [
        (0, int(part[:18]), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"([0-9]+)", name)
    ]
