"""The report of a replay: its figures are the summary's, nothing else changes, it needs no network."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.replay.chronicle import Chronicle
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.report.html import document, element, table
from pipelines.settings import load_settings
from tests.report.cells import Cells

PLAYS = 4_000


class Run(NamedTuple):
    """What one command has written."""

    summary: dict[str, Any]
    page: str
    path: Path
    scores: bytes


@pytest.fixture(scope="module")
def run(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("report")
    page, summary, scores = folder / "report.html", folder / "summary.json", folder / "scores.jsonl"
    command = [
        sys.executable, "-m", "pipelines.cli", "replay", str(shared_data / "lastfm_listens.csv.gz"),
        "--limit", str(PLAYS), "--report", str(page), "--json", str(summary), "--scores", str(scores),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    return Run(json.loads(summary.read_text()), page.read_text(), page, scores.read_bytes())


@pytest.mark.compiled
def test_the_figures_are_those_of_the_summary(run: Run) -> None:
    """Headline, quality of every ranking, counts, policy: each as JSON has it, rounded where it is shown."""
    cells, summary = Cells(run.page), run.summary

    assert cells.figures["plays"] == f"{summary['plays']:,}"
    assert cells.figures["listeners"] == f"{summary['listeners']:,}"
    assert cells.figures["tracks"] == f"{summary['tracks']:,}"
    assert cells.figures["mean reward"] == f"{summary['mean_reward']:.3f}"
    assert cells.figures["HR@10"] == f"{summary['quality']['segue']['hr@10']:.3f}"
    for label, name in (
        ("segue, by score", "segue"),
        ("first-order Markov", "markov"),
        ("popular", "popular"),
    ):
        found = summary["quality"][name]
        measures = ["hr@1", "hr@5", "hr@10", "hr@20", "mrr@10", "mrr@20"]
        assert cells.row(label)[1:] == [*[f"{found[m]:.3f}" for m in measures], f"{found['plays']:,}"]
    for name, count in summary["counts"].items():
        assert cells.row(name.replace("_", " "))[1] == f"{count:,}"
    assert cells.row("policy")[1] == f"{summary['policy']}, version {summary['version']}"


@pytest.mark.compiled
def test_it_tells_all_that_was_promised(run: Run) -> None:
    """Every part is there, with the command, the seed and the settings."""
    for heading in (
        "Was the next play foretold?", "Reward", "Calibration", "Exposure", "Where the hits came from",
        "What was learned", "The run", "Settings",
    ):  # fmt: skip
        assert f"<h2>{heading}</h2>" in run.page
    assert f"--limit {PLAYS}" in run.page
    cells = Cells(run.page)
    assert cells.row("seed")[1] == "7"
    assert cells.row("policy.name")[1] == "inverse_gap"
    assert float(cells.row("ms a record, read to learned, p50")[1]) > 0
    assert cells.row("mark_key")[1].startswith("digest ")


@pytest.mark.compiled
def test_it_asks_nothing_of_any_network(run: Run) -> None:
    """No link, no source, no script; and its own policy would forbid them."""
    assert Cells(run.page).links == []
    assert "<script" not in run.page
    assert "default-src 'none'" in run.page
    assert not re.search(r"url\(|@import|https?://", run.page)


@pytest.mark.compiled
def test_a_report_changes_no_score(run: Run, shared_data: Path, tmp_path: Path) -> None:
    """The same bytes come out when nobody looks on."""
    scores = tmp_path / "scores.jsonl"
    options = Options(str(shared_data / "lastfm_listens.csv.gz"), limit=PLAYS, scores=scores)

    Replay(options, load_settings(None)).run()

    assert scores.read_bytes() == run.scores


@pytest.mark.compiled
def test_the_chronicle_adds_up_to_the_summary(shared_data: Path) -> None:
    """Hits over time are the hits in all; shares of plays, slots and sources are whole."""
    options = Options(str(shared_data / "lastfm_listens.csv.gz"), limit=PLAYS)
    chronicle = Chronicle()
    replay = Replay(options, load_settings(None), watch=chronicle)
    chronicle.begin(replay.engine, replay.identity)

    summary = replay.run()
    told = chronicle.told()

    over_time = told["over_time"]
    for name, shares in over_time["hr@10"].items():
        hits = sum(share * plays for share, plays in zip(shares, over_time["plays"], strict=True))
        found = summary["quality"][name]
        assert hits == pytest.approx(found["hr@10"] * found["plays"])
    groups = told["exposure"]["groups"]
    assert sum(group["plays"] for group in groups) == pytest.approx(1.0)
    assert sum(group["slots"] for group in groups) == pytest.approx(1.0)
    assert sum(source["hits"] for source in told["sources"].values()) == pytest.approx(1.0)
    assert sum(source["top"] for source in told["sources"].values()) == pytest.approx(1.0)
    assert [one["name"] for one in told["weights"]] == list(replay.engine.views.version.pair_names)
    assert all(one["low"] <= one["weight"] <= one["high"] for one in told["weights"])
    seen = told["calibration"]
    assert sum(one["slots"] for one in seen) > PLAYS
    assert all(0 <= one["earned"] <= 1 and 0 <= one["expected"] <= 1 for one in seen)


def test_markup_in_a_name_stays_text() -> None:
    """Whatever a path or a setting holds; what no document may hold becomes a replacement character."""
    page = document("t", [table(["<b>"], [["<script>alert(1)</script>\x00"]]), element("p", "a&b")])

    assert "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd" in page
    assert "<script" not in page
    assert "a&amp;b" in page


def test_a_path_that_cannot_be_written_costs_no_replay(tmp_path: Path) -> None:
    """The command says so at once, and leaves nothing behind."""
    target = tmp_path / "nowhere" / "report.html"
    command = [sys.executable, "-m", "pipelines.cli", "replay", "missing.csv", "--report", str(target)]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert list(tmp_path.iterdir()) == []
