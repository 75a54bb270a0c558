"""Outputs: files of records whose length is part of a checkpoint, so that a restart cuts them back."""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from pipelines.replay.options import STDIO
from pipelines.wrong_options import WrongOptions
from topics.codec import encode_line

BUFFER_BYTES = 1 << 20  # a write to the operating system costs more than a record


class Outputs:
    """Files by name; each record is one line that carries its schema. The path ``-`` is stdout."""

    def __init__(self, paths: Mapping[str, Path], lengths: Mapping[str, int] | None = None) -> None:
        """Open new files, or those of an earlier run cut back to ``lengths``.

        Raises `WrongOptions` where a file is shorter than the checkpoint says, or was not written then;
        no file has changed then.
        """
        if lengths is not None:
            _check(paths, lengths)
        self._files: dict[str, BinaryIO] = {}
        for name, path in paths.items():
            if lengths is None:
                self._files[name] = (
                    sys.stdout.buffer if str(path) == STDIO else path.open("wb", buffering=BUFFER_BYTES)
                )
                continue
            self._files[name] = path.open("r+b", buffering=BUFFER_BYTES)
            self._files[name].truncate(lengths[name])
            self._files[name].seek(lengths[name])

    def wants(self, name: str) -> bool:
        """Tell whether somebody asked for this file."""
        return name in self._files

    def write(self, name: str, record: Struct) -> None:
        """Append one record, if somebody asked for this file."""
        file = self._files.get(name)
        if file is not None:
            file.write(encode_line(record))

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines written to a file so far; none where nobody asked for it, or it is stdout."""
        file = self._files.get(name)
        if file is None or file is sys.stdout.buffer:
            return
        file.flush()
        with Path(file.name).open("rb") as written:
            yield from written

    def lengths(self) -> dict[str, int]:
        """Return each file's length, once its bytes are on the disk."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        return {name: file.tell() for name, file in self._files.items()}

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            if file is sys.stdout.buffer:
                file.flush()
            else:
                file.close()


def _check(paths: Mapping[str, Path], lengths: Mapping[str, int]) -> None:
    for name, path in paths.items():
        if name not in lengths:
            raise WrongOptions(
                f"--{name} is {path}, but the run that is to be resumed wrote none; leave it out, or start "
                "with an empty state directory"
            )
        size = path.stat().st_size if path.exists() else 0
        if size < lengths[name]:
            raise WrongOptions(
                f"--{name} is {path}, which has {size} bytes, expected at least {lengths[name]} as of the "
                "checkpoint: name the file of the run that is to be resumed, or start with an empty state "
                "directory"
            )
    missing = [name for name in lengths if name not in paths]
    if missing:
        raise WrongOptions(
            f"--{missing[0]} is missing, but the run that is to be resumed writes it: name the same file"
        )
