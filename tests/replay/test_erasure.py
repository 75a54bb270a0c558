"""After an erasure nothing that was learned of the listener is left in evidence."""

import random
from pathlib import Path

import pytest

from pipelines.learn import Learner
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import load_settings
from tests.bandits.making import apart
from topics.codec import decode_line, encode_line
from topics.erasure import Erasure
from topics.feedback import Feedback

pytestmark = pytest.mark.compiled


def with_erasures(log: Path, folder: Path, count: int) -> Path:
    """The same log with some listeners erased on the way; most of them come back."""
    dice = random.Random(5)
    lines = [line for line in log.read_bytes().splitlines(keepends=True) if b'"erasure.v1"' not in line]
    out = folder / "erasures.jsonl"
    with out.open("wb") as file:
        places = set(dice.sample(range(len(lines) // 3, len(lines)), count))
        for place, line in enumerate(lines):
            file.write(line)
            if place in places and b'"listener_id"' in line:
                try:
                    record = decode_line(line)[0]
                    file.write(encode_line(Erasure(record.listener_id, getattr(record, "at_ms", 0))))
                except ValueError:
                    continue
    return out


def kept_parts(file: Path) -> list[Feedback]:
    """The parts that nobody's erasure took back."""
    parts: list[Feedback] = []
    for line in file.read_bytes().splitlines():
        part = decode_line(line)[0]
        if part.kind == "erased":
            parts = [before for before in parts if before.listener_mark != part.listener_mark]
        else:
            parts.append(part)
    return parts


@pytest.mark.parametrize("lag", [0, 100], ids=["at once", "views lag"])
@pytest.mark.parametrize("half_life_days", [0.5, 10_000])
def test_evidence_is_that_of_the_same_feedback_without_the_listener(
    logs: Path, tmp_path: Path, lag: int, half_life_days: float
) -> None:
    """To 1e-9 of the norm: rewards and skips, with late parts, with and without decay."""
    log = with_erasures(logs / "messy.jsonl", tmp_path, count=12)
    settings = load_settings(learning={"half_life_days": half_life_days})
    feedback = tmp_path / "feedback.jsonl"
    replay = Replay(Options(str(log), feedback=feedback, view_lag=lag), settings)

    summary = replay.run()

    expected = Learner(settings)
    for part in kept_parts(feedback):
        expected.learn(part)
    assert summary["counts"]["rows_erased"] > 50
    assert apart(expected.evidence, replay.engine.learner.evidence) < 1e-9
    assert apart(expected.skips, replay.engine.learner.skips) < 1e-9


def test_without_kept_feedback_the_summary_says_that_no_row_was_taken_back(
    logs: Path, tmp_path: Path
) -> None:
    """There is nothing to take the rows from: state is forgotten, evidence is not."""
    log = with_erasures(logs / "messy.jsonl", tmp_path, count=12)

    summary = Replay(Options(str(log)), load_settings()).run()

    assert summary["counts"]["erased"] > 3
    assert summary["counts"]["rows_erased"] == 0
