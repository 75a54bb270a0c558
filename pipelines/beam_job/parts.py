"""Parts: files of keys and values that many workers write and one process reads, on any Beam file system."""

from collections.abc import Iterator
from struct import Struct as Layout
from typing import Any

import apache_beam as beam
from apache_beam.coders import BytesCoder
from apache_beam.io.filebasedsink import FileBasedSink
from apache_beam.io.filesystems import FileSystems

_LENGTHS = Layout("<II")


class _Pairs(FileBasedSink):  # type: ignore[misc]  # beam has no types
    """Pairs one after the other, the lengths of both in front."""

    def write_encoded_record(self, file_handle: Any, encoded_value: bytes) -> None:
        """Write one pair, packed by `_packed`."""
        file_handle.write(encoded_value)


def _packed(pair: tuple[bytes, bytes]) -> bytes:
    return b"".join((_LENGTHS.pack(len(pair[0]), len(pair[1])), *pair))


class WriteParts(beam.PTransform):  # type: ignore[misc]  # beam has no types
    """Write pairs of bytes to files that begin with a prefix; what is done again replaces itself."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self._prefix = prefix

    def expand(self, pairs: Any) -> Any:
        """Pack, and write."""
        sink = _Pairs(self._prefix, BytesCoder(), file_name_suffix=".part")
        return pairs | "Pack" >> beam.Map(_packed).with_output_types(bytes) | beam.io.Write(sink)


def read_parts(prefix: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield all pairs that were written with a prefix."""
    for found in FileSystems.match([f"{prefix}-*.part"])[0].metadata_list:
        with FileSystems.open(found.path) as file:
            while head := file.read(_LENGTHS.size):
                key_bytes, value_bytes = _LENGTHS.unpack(head)
                yield file.read(key_bytes), file.read(value_bytes)
