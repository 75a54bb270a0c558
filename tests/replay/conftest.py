"""Shared by the tests of replay: logs, written once."""

import os
from pathlib import Path

import pytest

from tests.replay.logs import messy, ordered_csv

RECORDS = 5_000 if os.environ.get("CI") else 700


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small logs: messy.jsonl, received.jsonl, table.csv."""
    folder = tmp_path_factory.mktemp("logs")
    (folder / "messy.jsonl").write_bytes(b"".join(messy(RECORDS)))
    (folder / "received.jsonl").write_bytes(b"".join(messy(RECORDS, seed=8, received=True)))
    (folder / "table.csv").write_bytes(b"".join(ordered_csv(RECORDS // 2)))
    return folder
