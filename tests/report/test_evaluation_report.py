"""The report of an evaluation: the figures of its JSON, the doubts in words, the command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from tests.report.cells import Cells
from topics.codec import encode_line


def segue(*arguments: object) -> None:
    command = [sys.executable, "-m", "pipelines.cli", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.compiled
def test_what_is_shown_is_what_the_json_says(tmp_path: Path) -> None:
    """Decisions, the reward as logged, every policy by name; a bar with its interval for each."""
    log, state, page, result = (
        tmp_path / name for name in ("log.jsonl", "state", "page.html", "result.json")
    )
    decisions, feedback = tmp_path / "decisions.jsonl", tmp_path / "feedback.jsonl"
    plays = World(WorldSettings(listeners=20, tracks=300, artists=40)).log(600)
    log.write_bytes(b"".join(map(encode_line, plays)))
    segue("replay", log, "--state", state, "--decisions", decisions, "--feedback", feedback)
    judged = ["uniform", f"inverse_gap@{state}"]

    policies = [part for policy in judged for part in ("--policy", policy)]
    segue("evaluate", decisions, "--feedback", feedback, *policies, "--json", result, "--report", page)

    found, text = json.loads(result.read_text()), page.read_text()
    cells = Cells(text)
    assert cells.figures["decisions"] == f"{found['decisions']:,}"
    assert cells.figures["as logged"] == f"{found['logged']['first_slot']['value']:.4f}"
    assert list(found["policies"]) == judged
    assert [cells.row(letter)[1] for letter in "AB"] == judged
    for policy in found["policies"].values():
        for doubt in policy["doubts"]:
            assert doubt in text
    assert text.count("<rect") == 3
    assert "--policy uniform" in text
    assert cells.links == []
