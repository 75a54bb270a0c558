"""The command line: what `segue` says, to whom, and how it ends."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pipelines.settings import load_settings
from tests.replay.warm import ROOT, Warm
from topics.codec import decode_line
from topics.play import Play

pytestmark = pytest.mark.compiled

TABLE = "user,song,artist,timestamp\nann,One,Band,1735689600\nann,,Band,1735689700\nbob,Two,Band,noon\n"


def test_the_console_script_runs_in_a_process_of_its_own() -> None:
    """Not a fork of a warm one: as a user starts it."""
    done = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", "--help"],
        cwd=ROOT, env=os.environ | {"COLUMNS": "120"}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    for command in ("replay", "import", "settings"):
        assert f" {command} " in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("args", [["rewind"], ["replay"], ["replay", "x", "--sped"], ["import", "csv"]])
def test_what_is_no_command_or_option_is_refused_with_the_usage(args: list[str], segue: Warm) -> None:
    """Exit code 2, nothing on stdout, no traceback."""
    done = segue(*args)

    assert (done.code, done.out) == (2, "")
    assert "Usage: segue" in done.err
    assert "Traceback" not in done.err


def test_a_message_is_one_line_however_narrow_the_terminal(segue: Warm) -> None:
    """So that it can be searched for, and copied whole."""
    done = segue("replay", "no/such/log.jsonl", env={"COLUMNS": "20"})

    assert done.code == 2
    assert done.err == (
        "segue: 1 problem in the options:\n"
        "  the log is no/such/log.jsonl, expected an existing file; is the path right?\n"
    )


def test_brackets_in_a_message_are_not_taken_for_markup(segue: Warm) -> None:
    """A file may be called anything."""
    done = segue("replay", "[red]log.jsonl")

    assert "the log is [red]log.jsonl, expected" in done.err


def test_a_log_of_no_known_format_is_refused_with_the_formats(segue: Warm, tmp_path: Path) -> None:
    """The way out is to name one."""
    (tmp_path / "log.txt").write_text("dear diary,\ntoday I heard a song\n")

    done = segue("replay", tmp_path / "log.txt")

    assert done.code == 2
    assert "log.txt" in done.err
    assert "our own JSON lines" in done.err


def test_import_writes_plays_to_stdout_and_odd_rows_to_stderr(segue: Warm, tmp_path: Path) -> None:
    """What comes out can be replayed, with the same scores as the file it was made from."""
    table, made = tmp_path / "table.csv", tmp_path / "plays.jsonl"
    table.write_text(TABLE)

    done = segue("import", "auto", table)

    records = [decode_line(line)[0] for line in done.out.encode().splitlines()]
    odd = [json.loads(line) for line in done.err.splitlines()]
    assert [record.listener_id for record in records if isinstance(record, Play)] == ["ann"]
    assert [(letter["source"], letter["offset"]) for letter in odd] == [("table.csv", 3), ("table.csv", 4)]
    made.write_text(done.out)
    scores = [segue("replay", log, "--scores", "-").out for log in (made, table)]
    assert scores[0] == scores[1] != ""


def test_import_reads_catalogues_and_named_columns(segue: Warm, tmp_path: Path) -> None:
    """`--tracks` for a catalogue, `--column` where a name says nothing."""
    (tmp_path / "tracks.csv").write_text("track_id,title\nt1,One\n")
    (tmp_path / "plays.csv").write_text("x,y\nt1,1735689600\n")

    tracks = segue("import", "auto", tmp_path / "tracks.csv", "--tracks")
    columns = ["--column", "track=x", "--column", "time=y", "--column", "listener=@ann"]
    plays = segue("import", "csv", tmp_path / "plays.csv", *columns)
    wrong = segue("import", "csv", tmp_path / "plays.csv", "--column", "x")

    assert json.loads(tracks.out)["title"] == "One"
    assert json.loads(plays.out)["track_id"] == "t1"
    assert (wrong.code, wrong.err) == (
        2,
        "segue: --column is 'x', expected FIELD=NAME such as track=song\n",
    )


def test_import_from_a_pipe_that_closes_early_ends_quietly(tmp_path: Path, segue: Warm) -> None:
    """`segue import … | head -1` is nobody's fault."""
    table = tmp_path / "table.csv"
    rows = [f"ann,t{n},{1735689600 + n}" for n in range(20_000)]
    table.write_text("\n".join(["user,track_id,timestamp", *rows]))

    command = f"{sys.executable} -c 'from pipelines.cli import main; main()' import auto {table} | head -1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_the_settings_page_is_toml_that_gives_the_same_settings(segue: Warm, tmp_path: Path) -> None:
    """Print it, keep it, change it: nothing is lost but the secret key."""
    page = segue("settings", env={"SEGUE_SLATES__LIMIT": "4", "SEGUE_POLICY__NAME": "thompson"})
    kept = tmp_path / "kept.toml"
    kept.write_text(page.out)

    settings = load_settings(kept)

    assert page.code == 0
    expected = load_settings(None, slates={"limit": 4}, policy={"name": "thompson"})
    assert settings.slates == expected.slates
    assert settings.policy.build() == expected.policy.build()
    assert settings.rewards.worth == expected.rewards.worth
    assert tomllib.loads(page.out)["seed"] == expected.seed


def test_the_settings_page_says_meaning_range_and_what_differs_from_the_default(segue: Warm) -> None:
    """The secret key is not shown."""
    page = segue("settings", env={"SEGUE_SLATES__LIMIT": "4", "SEGUE_MARK_KEY": "hush"}).out

    assert "slots of a slate, unless the request says so; ≥ 1, ≤ 50; default 10" in page
    assert "which slots were seen; one of cascade, all, shown" in page
    assert "one of uniform, epsilon_greedy, softmax" in page
    assert "hush" not in page


def test_wrong_settings_are_all_told_at_once(segue: Warm, tmp_path: Path) -> None:
    """From the file and from the environment, each with what is allowed."""
    toml = tmp_path / "wrong.toml"
    toml.write_text('[sessions]\ngap_ms = "long"\n[policy]\nfloor = 7\n')

    done = segue("settings", "--settings", toml, env={"SEGUE_SLATES__LIMIT": "99"})

    assert done.code == 2
    assert done.err.startswith("segue: 3 problems in the settings:\n")
    for problem in ("sessions.gap_ms is 'long'", "slates.limit is '99'", "policy"):
        assert problem in done.err


def test_whoever_looks_on_sees_a_bar_with_plays_rate_and_time_left(segue: Warm, tmp_path: Path) -> None:
    """On a terminal only; the log's plays are counted first, so that there is an end to look forward to."""
    table = tmp_path / "table.csv"
    rows = [f"ann,t{n % 7},{1735689600 + 200 * n}" for n in range(1_200)]
    table.write_text("\n".join(["user,track_id,timestamp", *rows]))

    watched = segue("replay", table, env={"FORCE_COLOR": "1", "TERM": "xterm"})
    unwatched = segue("replay", table)

    assert watched.code == unwatched.code == 0
    for wanted in ("replay", "/1200", "plays/s", "0:00:"):
        assert wanted in watched.err
    assert unwatched.err == ""
    assert "1,200" in unwatched.out
