"""Real logs through the command a user types: they run, and the next play is foretold."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.compiled]


def replay(log: Path, *options: str) -> Any:
    """Return the summary that `segue replay` prints as JSON."""
    command = [sys.executable, "-m", "pipelines.cli", "replay", str(log), "--json", "-", *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def test_the_next_play_of_a_listening_log_is_foretold_better_than_by_markov(shared_data: Path) -> None:
    """On the last 30 % of lastfm_listens, in one pass, with the defaults."""
    summary = replay(shared_data / "lastfm_listens.csv.gz", "--evaluate-from", "0.7")

    quality = summary["quality"]
    assert summary["plays"] == 90_517
    assert summary["dead_letters"] == {}
    assert quality["segue"]["hr@10"] >= 0.54
    assert quality["segue"]["mrr@10"] >= 0.40
    assert quality["segue"]["hr@10"] > quality["markov"]["hr@10"] + 0.05
    assert quality["markov"]["hr@10"] == pytest.approx(0.46, abs=0.01)


def test_skips_are_foretold_where_a_log_knows_them(shared_data: Path) -> None:
    """The Music Streaming Sessions log: last skip alone reaches an AUC of 0.736 on its held-out part."""
    summary = replay(shared_data / "mssd_sessions.csv.gz", "--evaluate-from", "0.5", "--limit", "30000")

    assert summary["skip_auc"] >= 0.77


@pytest.mark.parametrize(
    ("name", "plays"),
    [("lastfm1k_user1", 11_679), ("radio_plays", 10_000), ("nowplaying_sessions", 10_000)],
)
def test_other_logs_are_read_by_the_same_command(shared_data: Path, name: str, plays: int) -> None:
    """One listener's history with names, a burst of radio plays, bare session lists."""
    limit = [] if name == "lastfm1k_user1" else ["--limit", str(plays)]

    summary = replay(shared_data / f"{name}.csv.gz", "--evaluate-from", "0.7", *limit)

    assert summary["plays"] >= 0.8 * plays  # the limit counts catalogue entries too
    assert summary["quality"]["segue"]["hr@20"] > summary["quality"]["popular"]["hr@20"]
