"""What is known of a listener, from a replay's state directory."""

import json
from pathlib import Path

import pytest

from tests.replay.warm import Warm
from topics.codec import encode_line
from topics.play import Play

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def state(segue: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state after three plays of ann, one of them skipped."""
    folder = tmp_path_factory.mktemp("known")
    heard_ms = (100_000, 5_000, 100_000)
    plays = [
        Play(f"e{k}", "ann", f"t{k}", 1_735_689_600_000 + 120_000 * k, heard_ms=heard, length_ms=100_000)
        for k, heard in enumerate(heard_ms)
    ]
    (folder / "log.jsonl").write_bytes(b"".join(encode_line(play) for play in plays))
    assert segue("replay", str(folder / "log.jsonl"), "--state", str(folder / "state")).code == 0
    return folder / "state"


def test_everything_kept_of_a_listener_is_told_in_words(segue: Warm, state: Path) -> None:
    """Plays with their outcome, decisions with their columns by name."""
    told = json.loads(segue("listener", "export", "ann", "--state", str(state)).out)

    assert [(play["track_id"], play["heard_share"], play["skipped"]) for play in told["plays"]] == [
        ("t0", 1.0, False),
        ("t1", 0.05, True),
        ("t2", 1.0, False),
    ]
    assert told["plays"][0]["started"] == "2025-01-01T00:00:00.000+00:00"
    newest = told["decisions"][-1]
    assert newest["context"]["bias"] == 1.0
    assert {slot["track_id"] for slot in newest["slots"]} <= {"t0", "t1", "t2"}
    assert all(0 < slot["propensity"] <= 1 and slot["columns"]["bias"] == 1.0 for slot in newest["slots"])


def test_of_a_stranger_nothing_is_known(segue: Warm, state: Path) -> None:
    """It says so, and where it looked."""
    done = segue("listener", "export", "bob", "--state", str(state))

    assert done.code == 2
    assert f"nothing is known of listener 'bob' in {state}" in done.err


def test_a_directory_that_holds_no_state_stays_as_it_is(segue: Warm, tmp_path: Path) -> None:
    """Looking for somebody in the wrong place makes no store there."""
    done = segue("listener", "export", "ann", "--state", str(tmp_path))

    assert done.code == 2
    assert f"{tmp_path} holds no replay's state" in done.err
    assert list(tmp_path.iterdir()) == []
