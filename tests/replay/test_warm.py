"""A run that begins with what another one left goes on as that one would have."""

from pathlib import Path

import pytest

from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import Settings
from pipelines.wrong_options import WrongOptions
from tests.replay.logs import ordered_csv

pytestmark = pytest.mark.compiled

SETTINGS = Settings()


@pytest.fixture(scope="session")
def halves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A log, and the time of a record in its middle, up to which ``state`` has come."""
    folder = tmp_path_factory.mktemp("halves")
    lines = list(ordered_csv(500, seed=9))
    (folder / "log.csv").write_bytes(b"".join(lines))
    started, heard = lines[300].split(b",")[2:4]
    until_ms = int(started) + int(heard)
    run(folder, "first", state=folder / "state", until_ms=until_ms)
    return folder, until_ms


def run(folder: Path, name: str, **wanted: object) -> list[bytes]:
    """Replay the log; return the lines of its scores."""
    options = Options(str(folder / "log.csv"), scores=folder / name, baselines=False, **wanted)  # type: ignore[arg-type]
    Replay(options, SETTINGS).run()
    return (folder / name).read_bytes().splitlines()


def test_what_is_begun_warm_gives_the_scores_of_a_run_over_all(halves: tuple[Path, int]) -> None:
    """Byte for byte: listeners, pending decisions, facts, evidence and the version in use came along."""
    folder, until_ms = halves

    second = run(folder, "second", warm=folder / "state", after_ms=until_ms)

    whole = run(folder, "whole")
    assert 0 < len(second) < len(whole)
    assert second == whole[-len(second) :]


def test_a_cold_start_gives_other_scores(halves: tuple[Path, int]) -> None:
    """The comparison can fail."""
    folder, until_ms = halves

    cold = run(folder, "cold", after_ms=until_ms)

    assert cold != run(folder, "all")[-len(cold) :]


def test_a_warm_run_that_was_interrupted_goes_on(halves: tuple[Path, int], tmp_path: Path) -> None:
    """Its own directory holds all of it then; the one it began with has not moved."""
    folder, until_ms = halves
    before = {path.name: path.read_bytes() for path in (folder / "state").glob("*.sst")}
    warm = {"warm": folder / "state", "after_ms": until_ms, "state": tmp_path / "state"}

    run(folder, "parts", limit=400, **warm)
    parts = run(folder, "parts", **warm)

    assert parts == run(folder, "once", warm=folder / "state", after_ms=until_ms)
    assert {
        path.name: path.read_bytes() for path in (folder / "state").glob("*.sst")
    }.items() >= before.items()


def test_what_cannot_be_begun_with_is_refused(halves: tuple[Path, int], tmp_path: Path) -> None:
    """A directory without a run, and views from two places, each with the way out."""
    folder, _ = halves
    (tmp_path / "nothing").mkdir()

    with pytest.raises(WrongOptions, match="holds no run's state; make it with segue beam history"):
        run(folder, "refused", warm=tmp_path / "nothing")
    with pytest.raises(WrongOptions, match="--warm and --views are both given"):
        run(folder, "refused", warm=folder / "state", views=folder / "state")
