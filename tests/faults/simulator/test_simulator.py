"""The whole engine in virtual time, under faults: every promise holds, and a run can be repeated."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faults.simulator.run import play
from tests.faults.simulator.script import FAULTS_MIN, script_of

pytestmark = pytest.mark.compiled

SEEDS, CHUNK = 320, 20


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_promise_holds_whatever_goes_wrong(first: int) -> None:
    """Effects are once, folds are exact, views know all, workers end; five faults and more in each run."""
    for seed in range(first, first + CHUNK):
        outcome = play(script_of(seed))

        assert not outcome.wrong, f"seed {seed}: {outcome.detail}"
        assert outcome.struck.total() >= FAULTS_MIN


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    """Whatever Python's hashes are, the same bytes come at the same offsets."""
    here = play(script_of(11)).digest

    code = (
        "from tests.faults.simulator.run import play; from tests.faults.simulator.script import script_of; "
        "print(play(script_of(11)).digest)"
    )
    there = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(sys.path)},
    )

    assert there.stdout.strip() == here
    assert play(script_of(12)).digest != here
