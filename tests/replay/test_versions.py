"""Versions kept in a state directory: listed, shown, pinned, gone back to."""

import json
import re
from pathlib import Path

import pytest

from pipelines import versions
from pipelines.wrong_options import WrongOptions
from tests.replay.logs import messy
from tests.replay.warm import Warm
from topics.codec import encode_line
from topics.erasure import Erasure

pytestmark = pytest.mark.compiled
SETTINGS = "[learning]\nversion_rows = 60\n"


class Run:
    """A log that grows, replayed with a state directory."""

    def __init__(self, segue: Warm, folder: Path) -> None:
        self.segue, self.folder, self.state = segue, folder, folder / "state"
        self.lines = [line for line in messy(500) if b"erasure" not in line]
        (folder / "settings.toml").write_text(SETTINGS)

    def replay(self, share: float) -> list[dict[str, object]]:
        """Replay up to a share of the log; return the scores that this added."""
        (self.folder / "log.jsonl").write_bytes(b"".join(self.lines[: int(share * len(self.lines))]))
        out = self.folder / "scores.jsonl"
        before = len(out.read_bytes().splitlines()) if out.exists() else 0
        done = self.segue(
            "replay", str(self.folder / "log.jsonl"), "--state", str(self.state), "--scores", str(out),
            "--settings", str(self.folder / "settings.toml"),
        )  # fmt: skip
        assert done.code == 0, done.err
        return [json.loads(line) for line in out.read_bytes().splitlines()[before:]]

    def policy(self, *args: object) -> str:
        done = self.segue("policy", *map(str, args))
        assert done.code == 0, done.err
        return done.out


@pytest.fixture
def run(segue: Warm, tmp_path: Path) -> Run:
    made = Run(segue, tmp_path)
    made.replay(0.6)
    return made


def numbers(run: Run) -> list[int]:
    return [kept.rewards.version for kept in versions.listed(run.state).kept]


def used(scores: list[dict[str, object]]) -> set[str]:
    return {str(one["policy_version"]) for one in scores}


def test_the_last_versions_are_kept_and_shown(run: Run) -> None:
    """A row of each, the one in use marked; a version's largest weights have names."""
    table, there = run.policy("list", run.state), numbers(run)

    assert len(there) > 2
    assert there == sorted(there)
    assert versions.listed(run.state).in_use == there[-1]
    assert re.search(rf"{there[-1]} .*in use", table)
    assert "×" in run.policy("show", run.state, there[0])


def test_a_pinned_version_decides_whatever_is_learned(run: Run) -> None:
    """Until it is unpinned, from when on the newest decides again."""
    first = numbers(run)[0]
    run.policy("pin", run.state, first)

    while_pinned = run.replay(0.8)
    learned = numbers(run)[-1]
    run.policy("unpin", run.state)
    afterwards = run.replay(1.0)

    assert used(while_pinned) == {str(first)}
    assert learned > first + 2
    assert max(map(int, used(afterwards))) > learned


def test_rolling_back_forgets_what_was_learned_since(run: Run) -> None:
    """The old version decides, learning goes on from its evidence, and no number means two things."""
    there = numbers(run)
    back = versions.kept_version(run.state, there[0])
    run.policy("rollback", run.state, there[0])

    then = run.replay(0.65)
    later = [kept for kept in versions.listed(run.state).kept if kept.rewards.version > there[-1]]

    assert str(there[0]) in used(then)
    assert later
    assert later[0].rewards.rows < versions.kept_version(run.state, there[-1]).rewards.rows
    assert later[0].rewards.rows > back.rewards.rows


def test_an_erasure_drops_the_versions_from_before_it(run: Run) -> None:
    """They hold what was learned from the listener; only what is made without it is kept."""
    before = numbers(run)
    at_ms = 1_900_000_000_000
    run.lines[int(0.6 * len(run.lines)) :] = [encode_line(Erasure("listener 1", at_ms))]

    run.replay(1.0)

    assert not set(before) & set(numbers(run))


def test_what_is_not_kept_is_refused(run: Run, tmp_path: Path) -> None:
    """With what there is instead."""
    with pytest.raises(WrongOptions, match=r"version 999 is not kept in .*, expected one of \d+"):
        versions.pin(run.state, 999)
    with pytest.raises(WrongOptions, match="expected one that segue replay"):
        versions.listed(tmp_path / "nowhere")
