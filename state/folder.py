"""Folder: whose directory a store in files is, and whether it is as it was left."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

from state import inventory
from state.store import StoreError

FORMAT = 1
MARKER = "segue-store.json"


class Marker(Struct, frozen=True):
    """The file that says whose store this is, and what it looked like when it was closed."""

    segue_store: int = FORMAT
    opened: int = 0  # times
    files: tuple[inventory.FileSeen, ...] | None = None  # None while open, and after a kill


def claim(path: Path, sync: bool) -> int:
    """Mark a directory as an open store, made if it is not there; return how often it was opened.

    Raises `StoreError` where it is somebody else's, of a newer format, or not as it was left.
    """
    if path.exists() and not path.is_dir():
        raise _foreign(path, "a file")
    path.mkdir(parents=True, exist_ok=True)
    names = {entry.name for entry in path.iterdir()} - {MARKER + ".new"}
    marker = _read_marker(path)
    if marker is None:
        if names:
            shown = f"a directory with {', '.join(sorted(names)[:3])}"
            raise _foreign(path, "a RocksDB store that segue did not make" if "CURRENT" in names else shown)
        marker = Marker()
    if marker.segue_store > FORMAT:
        raise StoreError(
            "newer",
            f"the store {path} has format {marker.segue_store}, this segue reads only {FORMAT}; "
            "a newer segue wrote it: run that one, or name another directory",
        )
    if marker.files is not None:
        damage = inventory.differences(path, marker.files)
    elif "CURRENT" not in names:
        damage = [f"CURRENT is missing beside {name}" for name in names if name.startswith("MANIFEST-")]
    else:
        damage = []
    if damage:
        raise torn(path, "; ".join(damage[:3]))
    marker = Marker(opened=marker.opened + 1)
    _write_marker(path, marker, sync)
    return marker.opened


def release(path: Path, opened: int, sync: bool) -> None:
    """Write down what a closed store looks like, unless somebody has opened it in the meantime."""
    marker = _read_marker(path)
    if marker is not None and marker.opened == opened:
        _write_marker(path, Marker(opened=opened, files=inventory.take(path)), sync)


def _read_marker(path: Path) -> Marker | None:
    try:
        content = (path / MARKER).read_bytes()
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=Marker)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise torn(path, f"{MARKER} does not read ({error})") from None


def _write_marker(path: Path, marker: Marker, sync: bool) -> None:
    new = path / (MARKER + ".new")
    with new.open("wb") as file:
        file.write(msgspec.json.encode(marker))
        if sync:
            file.flush()
            os.fsync(file.fileno())
    new.replace(path / MARKER)


def _foreign(path: Path, kind: str) -> StoreError:
    return StoreError(
        "foreign",
        f"{path} is {kind}, expected an empty directory or a store that segue made; "
        "nothing was changed; name another directory",
    )


def torn(path: Path, detail: str) -> StoreError:
    """Return the error that says what is damaged, and what can be done about it."""
    return StoreError(
        "torn",
        f"the store {path} is torn: {detail}; expected every file as segue left it; "
        "delete the directory and replay the log, or put back a whole copy",
    )
