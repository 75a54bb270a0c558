"""Disk: what is left of a worker's stores when its process is gone, and what may happen to them meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Literal

from state.store import StoreError
from tests.faults.simulator.loop import Process

Changes = dict[bytes, bytes | None]
Damage = Literal["torn", "torn inside", "deleted", "older", "swapped"]
DAMAGES: tuple[Damage, ...] = ("torn", "torn inside", "deleted", "older", "swapped")


class Files:
    """One store's files: all batches that were written, in order."""

    def __init__(self) -> None:
        self.batches: list[Changes] = []
        self.values: dict[bytes, bytes] = {}
        self.torn = False  # cannot be opened
        self.lost: set[bytes] = set()  # keys in blocks that cannot be read
        self.user: Process | None = None

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        batch = dict(changes)
        self.batches.append(batch)
        for key, value in batch.items():
            self.lost.discard(key)
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value

    def cut_back(self, count: int) -> None:
        """Lose the newest batches, as a machine does that loses its power."""
        kept, self.batches, self.values = self.batches[:count], [], {}
        for batch in kept:
            self.write(batch)


class Disk:
    """One worker's disk."""

    def __init__(self, full: Callable[[], bool]) -> None:
        self._files: dict[Path, Files] = {}
        self._full = full

    def open(self, folder: Path, process: Process) -> DiskStore:
        files = self._files.setdefault(folder, Files())
        if files.user is not None and files.user.alive:
            raise StoreError("locked", f"{folder} is in use by {files.user.name}")
        if files.torn:
            raise StoreError("torn", f"{folder} is damaged")
        files.user = process
        return DiskStore(files, self._full)

    def remove(self, folder: Path) -> None:
        self._files.pop(folder, None)

    def damage(self, kind: Damage, random: Random) -> bool:
        """Harm one store, or two; return whether there was one to harm."""
        folders = sorted(folder for folder, files in self._files.items() if files.values)
        if not folders:
            return False
        folder = random.choice(folders)
        files = self._files[folder]
        if kind == "deleted":
            del self._files[folder]
        elif kind == "torn":
            files.torn = True
        elif kind == "torn inside":
            files.lost.add(random.choice(sorted(files.values)))
        elif kind == "older":
            files.cut_back(random.randrange(len(files.batches)))
        else:
            other = random.choice(folders)
            if other == folder:
                return False
            self._files[folder], self._files[other] = self._files[other], files
        return True


class DiskStore:
    """A store over files that outlive it."""

    def __init__(self, files: Files, full: Callable[[], bool]) -> None:
        self._files: Files | None = files
        self._full = full

    def get(self, key: bytes) -> bytes | None:
        files = self._open()
        self._look(key in files.lost)
        return files.values.get(key)

    def write(self, changes: Mapping[bytes, bytes | None]) -> None:
        files = self._open()
        if self._full():
            raise StoreError("failed", "no room on this disk")
        files.write(changes)

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        files = self._open()
        found = sorted(pair for pair in files.values.items() if pair[0].startswith(prefix))
        lost = {key for key in files.lost if key.startswith(prefix)}

        def rows() -> Iterator[tuple[bytes, bytes]]:
            for key, value in found:
                self._look(key in lost)
                yield key, value

        return rows()

    def purge(self, keys: Collection[bytes]) -> None:
        self._open()

    def close(self) -> None:
        if self._files is not None:
            self._files.user = None
            self._files = None

    def _open(self) -> Files:
        if self._files is None:
            raise StoreError("closed", "this store is closed")
        return self._files

    @staticmethod
    def _look(damaged: bool) -> None:
        if damaged:
            raise StoreError("torn", "a block of this store is damaged")
