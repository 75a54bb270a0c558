"""Shared by all tests: where the real data sets are, and a process that runs commands quickly."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.replay.warm import Warm


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets, which are not part of the project because of their licences."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        reason = f"no folder {folder}: the real data sets may not be published with the project"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session")
def segue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """Run `segue` commands in forks of one warm process."""
    from tests.replay.warm import Warm  # only for those who ask: it imports everything

    warm = Warm(tmp_path_factory.mktemp("warm"))
    yield warm
    warm.close()
