"""Inventory: which files a store had when it was closed, so that a copy cut short is noticed.

RocksDB checks every block it reads and the size of every table it knows of. What it cannot know is
that its own list of tables (the MANIFEST) lost its end: it takes the shorter list for the truth,
deletes the other tables, and answers "no such key". The same holds for a write-ahead log that is
gone. So `close` writes down what was there, and `open` compares; after a kill there is no inventory,
and RocksDB's own checks stand alone.
"""

from pathlib import Path
from zlib import crc32

from msgspec import Struct

TABLES = (".sst", ".blob")
"""Big and checked block by block: their size is enough."""

LISTS = ("CURRENT", "MANIFEST-", ".log")
"""Small: their bytes are summed up."""


class FileSeen(Struct, frozen=True, array_like=True):
    """One file as it was: its name, its size in bytes, and the CRC-32 of the small ones."""

    name: str
    size: int
    crc: int | None


def take(folder: Path) -> tuple[FileSeen, ...]:
    r"""Return the files that hold a store's content, by name.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     _ = (Path(name) / "CURRENT").write_bytes(b"MANIFEST-000005\n")
    ...     _ = (Path(name) / "LOG").write_bytes(b"not content")
    ...     take(Path(name))
    (FileSeen(name='CURRENT', size=16, crc=4102469562),)
    """
    return tuple(_seen(path) for path in sorted(folder.iterdir()) if _is_content(path.name))


def differences(folder: Path, expected: tuple[FileSeen, ...]) -> list[str]:
    """Return one line for every file that is missing, unknown or not as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     differences(Path(name), (FileSeen("000016.sst", 178877, None),))
    ['000016.sst is missing']
    """
    present = {seen.name: seen for seen in take(folder)}
    lines = []
    for seen in expected:
        now = present.pop(seen.name, None)
        if now is None:
            lines.append(f"{seen.name} is missing")
        elif now.size != seen.size:
            lines.append(f"{seen.name} has {now.size} bytes, expected {seen.size}")
        elif now.crc != seen.crc:
            lines.append(f"{seen.name} has other bytes than when it was closed")
    return lines + [f"{name} was not there when it was closed" for name in present]


def _is_content(name: str) -> bool:
    return name.endswith((*TABLES, LISTS[2])) or name.startswith(LISTS[:2])


def _seen(path: Path) -> FileSeen:
    if path.name.endswith(TABLES):
        return FileSeen(path.name, path.stat().st_size, None)
    content = path.read_bytes()
    return FileSeen(path.name, len(content), crc32(content))
