"""Policies judged on Beam earn what they earn in one process."""

import math
from pathlib import Path
from typing import Any

import pytest

from pipelines.beam_job.evaluation import Judging
from pipelines.beam_job.evaluation import evaluate as on_beam
from pipelines.cli_beam import beam_flags
from pipelines.evaluate.run import evaluate, judged_by
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import Settings
from pipelines.wrong_options import WrongOptions
from tests.replay.logs import messy

pytestmark = pytest.mark.compiled

SETTINGS = Settings()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decisions and feedback of a replay, whole and in three files each, and what it has learned."""
    folder = tmp_path_factory.mktemp("judged")
    (folder / "log").write_bytes(b"".join(messy(500, seed=41)))
    decisions, feedback = folder / "decisions", folder / "feedback"
    Replay(
        Options(str(folder / "log"), state=folder / "state", decisions=decisions, feedback=feedback), SETTINGS
    ).run()
    for path in (decisions, feedback):
        lines = path.read_bytes().splitlines(keepends=True)
        for k in range(3):
            third = lines[k * len(lines) // 3 : (k + 1) * len(lines) // 3]
            (folder / f"{path.name}-{k}").write_bytes(b"".join(third))
    return folder


def policies_of(folder: Path) -> list[str]:
    """One that looks at nothing, one that has learned."""
    return ["uniform", f"softmax:temperature=0.05@{folder / 'state'}"]


def judged(folder: Path, parts: Path, decisions: list[str]) -> dict[str, Any]:
    """Judge on Beam."""
    targets, model = judged_by(policies_of(folder), str(folder / "state"), 3, SETTINGS)
    feedback = [str(folder / f"feedback-{k}") for k in range(3)]
    judging = Judging(targets, model, 3, SETTINGS.seed)
    parts.mkdir()
    return on_beam(
        [str(folder / name) for name in decisions], feedback, judging, str(parts), beam_flags([], 1)
    )


def assert_same(ours: Any, theirs: Any, where: str = "") -> int:
    """Compare to 1e-12, whatever the shape; return how many numbers there were."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        return sum(assert_same(ours[name], theirs[name], f"{where}.{name}") for name in theirs)
    if isinstance(theirs, list):
        assert len(ours) == len(theirs), where
        return sum(assert_same(a, b, where) for a, b in zip(ours, theirs, strict=True))
    if isinstance(theirs, float):
        assert math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-12), (where, ours, theirs)
        return 1
    assert ours == theirs, where
    return 0


def test_estimates_are_those_of_one_process(folder: Path, tmp_path: Path) -> None:
    """Every estimate, interval, difference and count, from files in pieces, to 1e-12."""
    expected = evaluate(
        str(folder / "decisions"), policies_of(folder), SETTINGS,
        feedback=str(folder / "feedback"), reward_model=str(folder / "state"),
    )  # fmt: skip

    found = judged(folder, tmp_path / "parts", [f"decisions-{k}" for k in range(3)])

    assert expected["decisions"] > 300
    assert assert_same(found, expected) > 100


def test_a_piece_less_is_another_result(folder: Path, tmp_path: Path) -> None:
    """The comparison can fail; feedback whose decision is missing is counted as such."""
    whole = judged(folder, tmp_path / "whole", [f"decisions-{k}" for k in range(3)])

    less = judged(folder, tmp_path / "less", [f"decisions-{k}" for k in range(2)])

    assert less["decisions"] < whole["decisions"]
    assert less["left_out"]["feedback without its decision"] > 50


def test_a_policy_that_follows_the_log_is_refused(tmp_path: Path) -> None:
    """Its order is not known to many workers; who knows it is named."""
    targets, model = judged_by(["softmax@learning"], None, 3, SETTINGS)

    with pytest.raises(WrongOptions, match=r"in its order.*segue evaluate"):
        on_beam([], [], Judging(targets, model, 3, SETTINGS.seed), str(tmp_path), [])


def test_a_bad_line_is_named_and_nothing_is_judged(folder: Path, tmp_path: Path) -> None:
    """With its file and number, as in one process."""
    lines = (folder / "decisions-1").read_bytes().splitlines(keepends=True)
    (folder / "spoilt").write_bytes(b"".join([*lines[:4], b'{"schema":"decision.v1"}\n', *lines[4:]]))

    with pytest.raises(WrongOptions, match=r"spoilt, line 5: .*; nothing was judged"):
        judged(folder, tmp_path / "parts", ["decisions-0", "spoilt"])
