"""`segue evaluate` as a command, on what `segue replay` wrote."""

import json
from pathlib import Path

import pytest

from tests.replay.logs import messy
from tests.replay.warm import Warm

pytestmark = pytest.mark.compiled
SOFTMAX = "softmax:temperature=0.1,floor=0.05"
SETTINGS = '[policy]\nname = "softmax"\ntemperature = 0.1\nfloor = 0.05\n[slates]\nlimit = 4\n'


@pytest.fixture(scope="module")
def run(segue: Warm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what was learned, and the decisions and feedback of a run by it that learned no more."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "log.jsonl").write_bytes(b"".join(messy(700)))
    (folder / "settings.toml").write_text(SETTINGS)
    log, given = str(folder / "log.jsonl"), ("--settings", str(folder / "settings.toml"))
    learned = segue("replay", log, "--state", str(folder / "state"), *given)
    wrote = segue(
        "replay", log, "--views", str(folder / "state"), *given,
        "--decisions", str(folder / "decisions.jsonl"), "--feedback", str(folder / "feedback.jsonl"),
    )  # fmt: skip
    assert (learned.code, wrote.code) == (0, 0), learned.err + wrote.err
    return folder


def test_a_policy_on_its_own_log_earns_what_it_earned(segue: Warm, run: Path) -> None:
    """Every ratio is 1, in every slot: estimates without a model are what was logged, exactly."""
    done = segue(
        "evaluate", str(run / "decisions.jsonl"), "--feedback", str(run / "feedback.jsonl"),
        "--policy", f"{SOFTMAX}@{run / 'state'}", "--slots", "4", "--json", "-",
    )  # fmt: skip

    result = json.loads(done.out)
    (found,) = result["policies"].values()
    logged = result["logged"]
    assert result["decisions"] > 100
    assert found["effective_size"] == found["slate_effective_size"] == result["decisions"]
    assert [e["value"] for e in found["first_slot"].values()] == [logged["first_slot"]["value"]] * 3
    assert found["slate"]["rips"] == logged["slate"]


def test_tables_say_who_earns_more_and_what_to_doubt(segue: Warm, run: Path) -> None:
    """Policies by letter, estimates with intervals, differences, doubts in words."""
    done = segue(
        "evaluate", str(run / "decisions.jsonl"), "--feedback", str(run / "feedback.jsonl"),
        "--policy", "uniform", "--policy", f"{SOFTMAX}@{run / 'state'}",
        "--reward-model", str(run / "state"),
    )  # fmt: skip

    assert done.code == 0
    for said in (
        "A = uniform",
        "B = softmax:",
        "cascade-DR",
        "B than A",
        "effective size",
        "left out: organic",
    ):
        assert said in done.out


def test_a_policy_can_learn_from_the_log_that_judges_it(segue: Warm, run: Path) -> None:
    """At first it knows nothing and draws evenly; what is judged knows nothing of its own feedback."""
    done = segue(
        "evaluate", str(run / "decisions.jsonl"), "--feedback", str(run / "feedback.jsonl"),
        "--policy", "softmax:temperature=0.05@learning", "--policy", "uniform", "--json", "-",
    )  # fmt: skip

    learning, uniform = json.loads(done.out)["policies"].values()
    assert learning["first_slot"]["ips"]["value"] > 0.0
    assert learning["effective_size"] != uniform["effective_size"]


def test_a_bad_line_ends_it_with_its_place(segue: Warm, run: Path) -> None:
    """Exit code 2, one line, no table."""
    lines = (run / "decisions.jsonl").read_text().splitlines()
    at = next(k for k, line in enumerate(lines) if '"propensity":' in line)
    record = json.loads(lines[at])
    record["scores"]["slate"][0]["propensity"] = 0
    (run / "bad.jsonl").write_text("\n".join([*lines[:at], json.dumps(record)]) + "\n")

    done = segue(
        "evaluate", str(run / "bad.jsonl"), "--feedback", str(run / "feedback.jsonl"), "--policy", "uniform"
    )

    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"segue: bad.jsonl, line {at + 1}: scores.slate[0].propensity is 0.0, expected a number in (0, 1]; "
        "nothing was judged\n"
    )


def test_a_replay_says_what_would_have_happened(segue: Warm, run: Path) -> None:
    """One command, from feedback and decisions to a table: a policy that learns beside the one that ran."""
    against = ("replay", str(run / "feedback.jsonl"), "--against", str(run / "decisions.jsonl"))

    done = segue(*against, "--policy", "softmax:temperature=0.05", "--slate", "2", "--json", "-")
    shown = segue(*against, "--policy", SOFTMAX, "--views", str(run / "state"))

    assert done.code == 0, done.err
    result = json.loads(done.out)
    (found,) = result["policies"].values()
    assert list(result["policies"]) == ["softmax:temperature=0.05@learning"]
    assert result["slots"] == 2
    assert found["first_slot"]["dr"]["interval"][0] < found["first_slot"]["dr"]["value"]
    assert shown.code == 0, shown.err
    for said in (f"A = {SOFTMAX}@{run / 'state'}", "DR", "A than as logged"):
        assert said in shown.out


def test_what_replays_plays_is_refused_beside_against(segue: Warm, run: Path) -> None:
    """The message names the option; a log of plays is no feedback."""
    against = ("--against", str(run / "decisions.jsonl"), "--policy", "uniform")

    mixed = segue("replay", str(run / "feedback.jsonl"), *against, "--tracks", "tracks.csv")
    plays = segue("replay", str(run / "log.jsonl"), *against)

    assert (mixed.code, plays.code) == (2, 2)
    assert "--tracks says how plays are replayed, --against replays feedback" in mixed.err
    assert "expected that of a Feedback; nothing was judged" in plays.err
