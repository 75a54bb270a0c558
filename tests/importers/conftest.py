"""Shared by the tests of importers: where the real files are, and files made on the spot."""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pipelines.importers.source import Source


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, bytes], str]:
    """Write bytes to a file of some name; gives its path."""

    def write(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    return write


@pytest.fixture
def zipped(tmp_path: Path) -> Callable[[Mapping[str, bytes]], str]:
    """Write a zip with some members; gives its path."""

    def write(members: Mapping[str, bytes]) -> str:
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return str(path)

    return write


@pytest.fixture(scope="session")
def source_of() -> Callable[[bytes], Source]:
    """Give a source with these bytes, without a file."""

    def make(content: bytes) -> Source:
        return Source("a-file", lambda: io.BytesIO(content))

    return make
