"""Source: the bytes of one file, unpacked on the way, as blocks, as lines or as a whole; always bounded."""

import zlib
from collections.abc import Callable, Iterator
from typing import BinaryIO
from zipfile import BadZipFile

from topics.dead_letter import DeadLetter

BLOCK = 1 << 18
PACKED_BLOCK = 1 << 14  # small, so that a broken stream takes little of what came before with it
HEAD = 1 << 16
LINE_MAX = 1 << 20
WHOLE_MAX = 1 << 29  # a JSON document is held in memory; real exports have 10 to 20 MB a file
MARK = b"\xef\xbb\xbf"  # that some programs put in front of UTF-8
RATIO_MAX = 200  # JSON and CSV pack 10 to 30 times
RATIO_FREE = 1 << 20  # below this size a ratio says nothing
GZIP = b"\x1f\x8b\x08"  # the third says deflate, the only way in use


class ImportFailed(ValueError):
    """A file as a whole cannot be read; says what, what came, what was expected and the way out."""


class Source:
    """One file, or one member of an archive, read once from its start.

    ``name`` is what dead letters call it: the file's name, inside an archive ``archive!member``.
    ``open_`` gives its bytes, ``peek`` the first of them where ``open_`` can do so only once. Gzip is
    known by its first bytes. Where the bytes end too early, or swell beyond reason, what came before is
    given and `problem` then says so.
    """

    def __init__(
        self, name: str, open_: Callable[[], BinaryIO], peek: Callable[[], BinaryIO] | None = None
    ) -> None:
        self.name = name
        self.problem: str | None = None
        self._open = open_
        self._peek = peek or open_

    def head(self) -> bytes:
        """Return the first bytes, unpacked, at most 64 KiB, without consuming them."""
        got = b""
        for block in self._blocks(self._peek):
            got += block
            if len(got) >= HEAD:
                break
        self.problem = None
        return got[:HEAD]

    def blocks(self) -> Iterator[bytes]:
        """Yield the bytes block by block; `problem` is set where they end too early."""
        return self._blocks(self._open)

    def _blocks(self, open_: Callable[[], BinaryIO]) -> Iterator[bytes]:
        try:
            with open_() as raw:
                first = raw.read(PACKED_BLOCK)
                if first.startswith(GZIP):
                    yield from self._unpacked(first, raw)
                    return
                while first:
                    yield first
                    first = raw.read(BLOCK)
        except (zlib.error, BadZipFile, EOFError) as error:
            self.problem = f"the packed bytes are broken ({error})"

    def lines(self) -> Iterator[tuple[int, bytes | DeadLetter]]:
        r"""Yield (line number from 1, the line without its ``\n``).

        A line above 1 MiB comes as a dead letter with its first MiB: the rest is read past, never
        held. A last line that was cut off together with the file comes as a dead letter, too.
        """
        number = 0
        tail = b""
        for block in self._without_mark():
            pieces = (tail + block).split(b"\n")
            tail = pieces.pop()
            for piece in pieces:
                number += 1
                yield number, piece if len(piece) <= LINE_MAX else self._too_long(number, piece)
            if len(tail) > LINE_MAX + BLOCK:
                # held at one length, so that what is kept of an endless line stays small
                tail = tail[: LINE_MAX + BLOCK]
        if self.problem:
            yield number + 1, DeadLetter("invalid", self.cut_off, self.name, number + 1, tail[:LINE_MAX])
        elif tail:
            number += 1
            yield number, tail if len(tail) <= LINE_MAX else self._too_long(number, tail)

    def whole(self) -> bytes:
        """Return all bytes; raises `ImportFailed` above 512 MiB."""
        got = []
        size = 0
        for block in self._without_mark():
            size += len(block)
            if size > WHOLE_MAX:
                raise ImportFailed(
                    f"{self.name} has more than {WHOLE_MAX >> 20} MiB, expected at most that for a JSON "
                    "document, which is held in memory; split it into several files"
                )
            got.append(block)
        return b"".join(got)

    @property
    def cut_off(self) -> str:
        """What a dead letter says about a file that ends too early."""
        return f"{self.problem}: what came before was read, the rest is missing"

    def _too_long(self, number: int, line: bytes) -> DeadLetter:
        detail = (
            f"the line has more than {LINE_MAX} bytes, expected at most that; value holds the first of them"
        )
        return DeadLetter("invalid", detail, self.name, number, line[:LINE_MAX])

    def _without_mark(self) -> Iterator[bytes]:
        """Blocks without the byte order mark."""
        blocks = self.blocks()
        first = b""
        for block in blocks:
            first += block
            if len(first) >= 3:
                break
        if first:
            yield first.removeprefix(MARK)
        yield from blocks

    def _unpacked(self, packed: bytes, raw: BinaryIO) -> Iterator[bytes]:
        """Unpack gzip, one member after the other, a block at a time whatever it swells to."""
        engine = zlib.decompressobj(31)
        read = given = 0
        while True:
            before = len(packed)
            if block := engine.decompress(packed, BLOCK):
                given += len(block)
                yield block
            read += before - len(engine.unconsumed_tail) - len(engine.unused_data)
            if given > RATIO_FREE and given > RATIO_MAX * read:
                self.problem = (
                    f"{read} packed bytes swell to {given}, expected at most {RATIO_MAX} times; "
                    "unpack the file yourself if you trust it"
                )
                return
            if engine.eof:
                packed = (engine.unused_data or raw.read(PACKED_BLOCK)).lstrip(b"\0")
                while not packed and (more := raw.read(PACKED_BLOCK)):
                    packed = more.lstrip(b"\0")  # some programs pad with zeros
                if not packed:
                    return
                engine = zlib.decompressobj(31)
                continue
            packed = engine.unconsumed_tail or raw.read(PACKED_BLOCK)
            if not packed:
                if rest := engine.flush():
                    yield rest
                self.problem = "the gzip file ends in the middle"
                return


def first_line(head: bytes) -> bytes:
    r"""Return the first line with something on it.

    >>> first_line(b"\n \nuser_id,item_id\n0,0\n")
    b'user_id,item_id'
    """
    lines = head.removeprefix(MARK).split(b"\n")
    return next((line.strip() for line in lines if line.strip()), b"")
