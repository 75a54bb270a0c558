"""The command line on Beam, with workers of its own: from files to a warm start."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.beam.making import history_of, listeners_in
from tests.replay.logs import messy

pytestmark = [pytest.mark.compiled, pytest.mark.slow]


def segue(*args: object) -> subprocess.CompletedProcess[str]:
    """Run ``segue ARGS``."""
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def test_two_processes_leave_what_one_leaves_and_a_replay_goes_on_from_it(tmp_path: Path) -> None:
    """Through Beam's own workers, by the options that users have."""
    lines = list(messy(400, seed=51, received=True))
    for k in range(2):
        (tmp_path / f"log{k}.jsonl").write_bytes(b"".join(lines[k * 200 : 200 + k * 400]))
    shards = sorted(tmp_path.glob("log*"))
    history_of(shards, tmp_path, name="alone")

    made = segue("beam", "history", *shards, "--out", tmp_path / "warm", "--workers", 2, "--json", "-")
    ran = segue("replay", shards[1], "--warm", tmp_path / "warm", "--json", "-")

    assert made.returncode == 0, made.stderr
    assert listeners_in(tmp_path / "warm") == listeners_in(tmp_path / "alone")
    assert json.loads(made.stdout)["plays"] > 200
    assert json.loads(ran.stdout)["counts"]["duplicate"] > 100, "who was warm knows these plays already"


def test_a_directory_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """It may be somebody's years of plays."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "theirs").write_text("")

    refused = segue("beam", "history", tmp_path / "log", "--out", tmp_path / "out")

    assert refused.returncode == 2
    assert "which is there already, expected a new directory" in refused.stderr
