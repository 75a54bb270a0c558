"""A replay that is killed at any moment and goes on ends as one that never stopped."""

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from tests.replay.comparing import outputs_in, written
from tests.replay.warm import Warm

pytestmark = pytest.mark.compiled

TIGHT = """
[sessions]
history_plays = 32
expiry_days = 1
[facts]
popularity_half_life_days = 0.02  # its landmark moves every 31 hours
[learning]
half_life_days = 1
version_rows = 200
"""
RIVER = """
[policy]
name = "river"
examples = 50
[candidates]
limit = 8
"""
CASES: dict[str, tuple[str, list[str]]] = {
    "everything in the log": ("messy.jsonl", []),
    "receipts, expiry, moving landmarks": ("received.jsonl", ["--settings", "{tight}"]),
    "old views, learning ends, openers skipped": (
        "messy.jsonl",
        ["--view-lag", "150", "--learn-until", "0.7", "--evaluate-from", "0.3", "--openers", "skip"],
    ),
    "a table in event-time order": ("table.csv", ["--policy", "lin_ucb", "--seed", "3"]),
    "a river model": ("table.csv", ["--settings", "{river}", "--limit", "800"]),
    "pinned views": ("messy.jsonl", ["--views", "{views}", "--candidates", "40", "--slate", "5"]),
}
KILLS = 4  # of each case: 24 in all


def kill_as_it_reaches(segue: Warm, args: list[str], file: Path, size: int, later_s: float) -> bool:
    """Start a run and kill it a moment after a file has this size; tell whether it still ran then."""
    running = segue.start(*args)
    ended = False
    while not (file.exists() and file.stat().st_size >= size):
        time.sleep(0.001)
        if ended := Path(f"/proc/{running.pid}/stat").read_text().split()[2] == "Z":
            break
    time.sleep(later_s)
    if not ended:
        os.kill(running.pid, signal.SIGKILL)
    return running.wait().code == -signal.SIGKILL


@pytest.fixture(scope="session")
def places(segue: Warm, logs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the cases refer to: settings with tight bounds, and the state of a finished run as views."""
    folder = tmp_path_factory.mktemp("places")
    (folder / "tight.toml").write_text(TIGHT)
    (folder / "river.toml").write_text(RIVER)
    ran = segue("replay", logs / "received.jsonl", "--state", folder / "views")
    assert ran.code == 0, ran.err
    return {
        "tight": str(folder / "tight.toml"),
        "river": str(folder / "river.toml"),
        "views": str(folder / "views"),
    }


def check(segue: Warm, args: list[str], folder: Path, random: Random, every: int) -> None:
    """Run whole, then killed `KILLS` times and resumed; all that was written must be equal."""
    start = time.monotonic()
    whole = segue(*args, *outputs_in(folder / "whole"))
    whole_s = time.monotonic() - start
    assert whole.code == 0, whole.err
    growing, size = folder / "resumed" / "scores", (folder / "whole" / "scores").stat().st_size
    state = ["--state", str(folder / "state"), "--checkpoint-plays", str(every)]
    args = [*args, *outputs_in(folder / "resumed"), *state]

    kills = 0
    for share in sorted(random.uniform(0, 0.8) for _ in range(KILLS)):
        kills += kill_as_it_reaches(segue, args, growing, int(share * size), random.uniform(0, 0.1) * whole_s)
    last = segue(*args)

    assert last.code == 0, last.err
    assert kills == KILLS
    expected = written(folder / "whole")
    assert len(expected["scores"]) > 100_000
    assert written(folder / "resumed") == expected


@pytest.mark.parametrize("case", CASES)
def test_killed_at_any_moment_and_resumed_it_ends_as_if_it_never_stopped(
    case: str, segue: Warm, logs: Path, places: dict[str, str], tmp_path: Path
) -> None:
    """Scores, feedback, decisions, dead letters, counts and quality: all equal, also to a run in memory."""
    log, options = CASES[case]
    args = ["replay", str(logs / log), *(option.format(**places) for option in options)]

    check(segue, args, tmp_path, Random(case), every=60)


@pytest.mark.slow
def test_real_plays_killed_and_resumed_end_as_if_never_stopped(
    segue: Warm, shared_data: Path, tmp_path: Path
) -> None:
    """Twenty thousand plays of lastfm_listens, with a checkpoint every thousand."""
    args = ["replay", str(shared_data / "lastfm_listens.csv.gz"), "--limit", "20000"]

    check(segue, args, tmp_path, Random(2), every=1_000)
