"""Outputs: files of records whose length is part of a checkpoint, so that a restart cuts them back."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from topics.codec import encode_line


class Outputs:
    """Files by name; each record is one line that carries its schema."""

    def __init__(self, paths: Mapping[str, Path], lengths: Mapping[str, int] | None = None) -> None:
        """Open new files, or those of an earlier run cut back to ``lengths``.

        Raises ValueError where a file is shorter than the checkpoint says, or was not written then.
        """
        self._files: dict[str, BinaryIO] = {}
        for name, path in paths.items():
            if lengths is None:
                self._files[name] = path.open("wb")
                continue
            if name not in lengths:
                raise ValueError(
                    f"{path} was not written by the run that is to be resumed; leave it out, or start with "
                    "an empty state directory"
                )
            size = path.stat().st_size if path.exists() else 0
            if size < lengths[name]:
                raise ValueError(
                    f"{path} has {size} bytes, expected at least {lengths[name]} as of the checkpoint: the "
                    "file was changed since; start with an empty state directory"
                )
            self._files[name] = path.open("r+b")
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

    def lengths(self) -> dict[str, int]:
        """Return each file's length, once its bytes are with the operating system."""
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
        return {name: file.tell() for name, file in self._files.items()}

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
