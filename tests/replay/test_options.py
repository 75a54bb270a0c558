"""What each option of `segue replay` does."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipelines.settings import Settings
from tests.replay.comparing import by_listener, outputs_in, written
from tests.replay.logs import DAY_MS, START_MS
from tests.replay.warm import ROOT, Ran, Warm
from topics.codec import encode_line
from topics.ids import key_of
from topics.play import Play
from topics.request import Request
from topics.scores import Decision

pytestmark = pytest.mark.compiled

DEFAULT = Settings().policy.name


@pytest.fixture
def ran(segue: Warm, tmp_path: Path) -> Any:
    """Run `segue replay`, writing everything; gives what was written."""

    def run(*args: object, **how: Any) -> dict[str, Any]:
        folder = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        done = segue("replay", *args, *outputs_in(folder), **how)
        assert done.code == 0, done.err
        return written(folder)

    return run


def refused(done: Ran) -> str:
    """Return what a refused run says: one message on stderr, nothing else, exit code 2."""
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err
    return done.err


def alternating(plays: int, listener: str = "ann") -> list[bytes]:
    """Two tracks in turn, three minutes apart: easily foretold."""
    return [
        encode_line(Play(f"{listener}{n}", listener, f"t{n % 2}", START_MS + n * 180_000, 120_000, 120_000))
        for n in range(plays)
    ]


# --------------------------------------------------------------------------- what is read


def test_limit_reads_so_many_records(ran: Any, tmp_path: Path) -> None:
    """Records, not plays: a bad one counts, too."""
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join([b"rubbish\n", *alternating(10)]))

    got = ran(log, "--limit", 4)

    assert got["summary"]["plays"] == 3
    assert got["summary"]["dead_letters"] == {"not_json": 1}


def test_until_stops_before_the_first_record_after_a_time(ran: Any, tmp_path: Path) -> None:
    """Dates are UTC; what stands behind in the log is not read, whatever its time."""
    log = tmp_path / "log.jsonl"
    later = encode_line(Request("r", "bob", START_MS + DAY_MS + 1))
    log.write_bytes(b"".join([*alternating(5), later, *alternating(5, "cat")]))

    assert ran(log, "--until", "2025-01-02")["summary"]["listeners"] == 1
    assert ran(log, "--until", str(START_MS + DAY_MS + 1))["summary"]["listeners"] == 3


def test_columns_and_format_say_how_a_table_is_read(ran: Any, tmp_path: Path) -> None:
    """Names of columns that nobody could guess, and a listener that is the same for all rows."""
    log = tmp_path / "log.csv"
    log.write_text("what,moment_s\nt1,1735689600\nt2,1735689900\n")

    got = ran(
        log,
        "--format",
        "csv",
        "--column",
        "track=what",
        "--column",
        "time=moment_s",
        "--column",
        "listener=@ann",
    )

    assert got["summary"]["plays"] == 2
    assert set(by_listener(got["scores"])) == {"ann"}


def test_tracks_gives_the_catalogue(ran: Any, tmp_path: Path) -> None:
    """Titles nobody has played yet are offered; what is not playable never is."""
    log, catalogue = tmp_path / "log.jsonl", tmp_path / "tracks.jsonl"
    log.write_bytes(b"".join(alternating(3)))
    catalogue.write_text(
        '{"schema":"track.v1","track_id":"new"}\n{"schema":"track.v1","track_id":"gone","playable":false}\nrubbish\n'
    )

    got = ran(log, "--tracks", catalogue)

    offered = {slot["track_id"] for line in got["scores"].splitlines() for slot in json.loads(line)["slate"]}
    assert offered == {"new", "t0", "t1"}
    assert got["summary"]["dead_letters"] == {"not_json": 1}


# --------------------------------------------------------------------------- what is counted


def test_evaluate_from_counts_from_a_share_of_the_plays_or_a_time(ran: Any, tmp_path: Path) -> None:
    """The last four of ten; and those that start on or after a moment."""
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(alternating(10)))

    shared = ran(log, "--evaluate-from", "0.6")["summary"]["quality"]
    timed = ran(log, "--evaluate-from", "2025-01-01T00:20")["summary"]["quality"]

    assert {name: measures["plays"] for name, measures in shared.items()} == dict.fromkeys(shared, 4)
    assert timed["segue"]["plays"] == 4  # from 00:20 on: they end at 00:20, 00:23, 00:26, 00:29
    assert shared["markov"]["hr@1"] == 1.0


@pytest.mark.parametrize("asked", ["--ask-openers", "--no-ask-openers"])
def test_openers_may_be_left_out_of_the_quality(asked: str, ran: Any, tmp_path: Path) -> None:
    """Of three sessions of four plays, skip counts nine; whoever asked for the first ones."""
    log = tmp_path / "log.jsonl"
    lines = []
    for session in range(3):
        at_ms = START_MS + session * DAY_MS // 2
        if session == 1:
            lines.append(encode_line(Request("r1", "ann", at_ms - 1_000)))
        lines += [
            encode_line(Play(f"e{session}.{n}", "ann", "t1", at_ms + n * 200_000, 100_000)) for n in range(4)
        ]
    log.write_bytes(b"".join(lines))

    counted = ran(log, asked)["summary"]["quality"]["segue"]["plays"]
    skipped = ran(log, asked, "--openers", "skip")["summary"]["quality"]["segue"]["plays"]

    assert (counted, skipped) == (12, 9)


def test_replay_asks_before_a_play_that_opens_a_session_unless_told_not_to(ran: Any, tmp_path: Path) -> None:
    """Asked: a request's scores more for each session; not asked: one Scores for each play."""
    log = tmp_path / "log.jsonl"
    log.write_bytes(
        b"".join([*alternating(3), encode_line(Play("e9", "ann", "t1", START_MS + DAY_MS, 1_000))])
    )

    asked, unasked = ran(log), ran(log, "--no-ask-openers")

    assert len(asked["scores"].splitlines()) == 6
    assert [json.loads(line)["cause"] for line in unasked["scores"].splitlines()] == [
        "ann0",
        "ann1",
        "ann2",
        "e9",
    ]
    assert asked["summary"]["plays"] == unasked["summary"]["plays"] == 4


def test_the_summary_has_the_fields_that_are_promised(ran: Any, logs: Path) -> None:
    """plays, plays_per_s, dead_letters by reason, and the measures of segue and the baselines."""
    summary = ran(logs / "messy.jsonl")["summary"]

    assert summary["plays"] > 100
    assert set(summary["dead_letters"]) == {"invalid", "late", "not_json", "unknown_schema"}
    for name in ("segue", "slate", "markov", "own_popular", "popular"):
        measures = summary["quality"][name]
        assert {"hr@1", "hr@5", "hr@10", "hr@20", "mrr@10", "mrr@20", "recall"} <= measures.keys()
        assert 0 <= measures["hr@1"] <= measures["hr@10"] <= measures["hr@20"] <= 1
    assert 0 < summary["candidate_recall"] == summary["quality"]["segue"]["recall"] <= 1
    assert 0 < summary["mean_reward"] < 10
    assert 0 < summary["skip_auc"] < 1


# --------------------------------------------------------------------------- what decides


def test_slate_and_candidates_bound_what_is_offered_and_considered(ran: Any, logs: Path) -> None:
    """Three slots out of twenty candidates; a request may still say how many it wants."""
    got = ran(logs / "table.csv", "--slate", 3, "--candidates", 20)

    kept = [msgspec.json.decode(line, type=Decision) for line in got["decisions"].splitlines()]
    assert {len(decision.scores.slate) for decision in kept[-50:]} == {3}
    assert {len(decision.candidates) for decision in kept[-50:]} == {20}


def test_policy_and_seed_change_the_slates_and_say_so(ran: Any, logs: Path) -> None:
    """Another policy draws otherwise, another seed rolls otherwise; each is named in every Scores."""
    args = [logs / "table.csv", "--limit", 100]

    uniform, default = ran(*args, "--policy", "uniform"), ran(*args)
    reseeded = ran(*args, "--policy", "uniform", "--seed", "8")

    assert {json.loads(line)["policy"] for line in uniform["scores"].splitlines()} == {"uniform"}
    assert {json.loads(line)["policy"] for line in default["scores"].splitlines()} == {DEFAULT}
    assert len({uniform["scores"], reseeded["scores"], default["scores"]}) == 3
    again = ran(*args, "--policy", "uniform", env={"SEGUE_SEED": "8"})
    assert again == reseeded


def test_learning_may_end_at_a_share_or_a_time(ran: Any, logs: Path) -> None:
    """From there on neither the version nor what is known of tracks moves."""
    log = logs / "table.csv"

    always = ran(log)
    half = ran(log, "--learn-until", "0.5")
    never = ran(log, "--learn-until", "2024-12-31")

    versions = [json.loads(line)["policy_version"] for line in half["scores"].splitlines()]
    assert versions[-1] == versions[len(versions) * 6 // 10] != "0"
    assert int(half["summary"]["version"]) < int(always["summary"]["version"])
    assert never["summary"]["version"] == "0"
    assert never["summary"]["tracks"] == 0


def test_old_views_decide_as_if_the_last_plays_had_not_been_seen(ran: Any, tmp_path: Path) -> None:
    """bob's first slate knows what ann has played, unless his views are older than that."""
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join([*alternating(10), encode_line(Request("r", "bob", START_MS + DAY_MS // 4))]))

    now, lagging, none = (ran(log, "--view-lag", lag) for lag in (0, 9, 100))

    slates = [
        {slot["track_id"] for slot in json.loads(got["scores"].splitlines()[-1])["slate"]}
        for got in (now, lagging, none)
    ]
    assert slates == [{"t0", "t1"}, {"t0"}, set()]


# --------------------------------------------------------------------------- what is written


def test_whole_decisions_are_kept_for_a_share_of_the_listeners(ran: Any, logs: Path) -> None:
    """Drawn by hash, whole listeners; each decision holds its scores as they were published."""
    share = 0.3

    got = ran(logs / "messy.jsonl", env={"SEGUE_SLATES__DECISIONS_SHARE": str(share)})

    kept = [msgspec.json.decode(line, type=Decision) for line in got["decisions"].splitlines()]
    wanted = {name for name in by_listener(got["scores"]) if key_of(name) < share * 2.0**64}
    assert {decision.scores.listener_id for decision in kept} == wanted
    assert 0 < len(wanted) < 25
    published = [line for line in got["scores"].splitlines() if json.loads(line)["listener_id"] in wanted]
    assert [encode_line(decision.scores).strip() for decision in kept] == published
    for decision in kept:
        assert {slot.track_id for slot in decision.scores.slate} <= set(decision.candidates)


def test_a_dash_writes_to_stdout_and_the_tables_step_aside(segue: Warm, tmp_path: Path) -> None:
    """So scores can be piped on; `--json -` prints the summary and no table."""
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(alternating(3)))

    piped, summary = segue("replay", log, "--scores", "-"), segue("replay", log, "--json", "-")

    assert [json.loads(line)["schema"] for line in piped.out.splitlines()] == ["scores.v1"] * 4
    assert "was the next play foretold?" in piped.err
    assert json.loads(summary.out)["plays"] == 3
    assert summary.err == ""


def test_without_json_two_tables_are_shown(segue: Warm, logs: Path) -> None:
    """What happened, and the quality beside the baselines."""
    done = segue("replay", logs / "messy.jsonl")

    assert done.code == 0
    for wanted in ("plays/s", "dead letters", "not_json", "first-order Markov", "HR@10", "MRR@20"):
        assert wanted in done.out


# --------------------------------------------------------------------------- state


def test_a_finished_run_asked_again_gives_the_same_answer_at_once(
    segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """Nothing is read twice into the state: the files are as they were, and so is the summary."""
    args = ["replay", logs / "messy.jsonl", "--state", tmp_path / "state", *outputs_in(tmp_path / "out")]
    assert segue(*args).code == 0
    before = written(tmp_path / "out")

    done = segue(*args)

    assert done.code == 0, done.err
    assert written(tmp_path / "out") == before
    summary = json.loads((tmp_path / "out" / "summary").read_text())
    assert summary["resumed_at"] == summary["plays"]


@pytest.mark.parametrize("log", ["received.jsonl", "table.csv"])
def test_a_log_that_has_grown_is_gone_on_with(
    log: str, ran: Any, segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """Every night a little more: in the end it is as if all had been read at once."""
    lines = (logs / log).read_bytes().splitlines(keepends=True)
    growing = tmp_path / log
    args = ["replay", growing, "--state", tmp_path / "state", *outputs_in(tmp_path / "out")]
    for share in (0.2, 0.5, 1.0):
        growing.write_bytes(b"".join(lines[: int(len(lines) * share)]))
        done = segue(*args)
        assert done.code == 0, done.err

    assert written(tmp_path / "out") == ran(growing)


def test_a_limit_may_be_lifted_when_a_run_is_resumed(
    ran: Any, segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """limit and until say how far to read today, not what the run is."""
    args = ["replay", logs / "messy.jsonl", "--state", tmp_path / "state", *outputs_in(tmp_path / "out")]

    for how_far in (["--until", "2025-01-01T12:00"], ["--limit", 500], []):
        done = segue(*args, *how_far)
        assert done.code == 0, done.err

    assert written(tmp_path / "out") == ran(logs / "messy.jsonl")


def test_resuming_with_other_settings_is_refused_and_says_which(
    segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """Every difference is named, the secret key only by a digest; nothing is touched."""
    state, log = tmp_path / "state", logs / "messy.jsonl"
    assert segue("replay", log, "--state", state, "--limit", 100).code == 0
    holds = (
        f"segue: {state} holds another run; resume it with the options it was begun with, or start with an "
        "empty state directory:\n"
    )

    seeded = segue("replay", log, "--state", state, "--seed", 8, "--slate", 4)
    uniform = segue("replay", log, "--state", state, "--policy", "uniform", "--view-lag", 5)
    other = segue("replay", logs / "table.csv", "--state", state)
    secret = segue("replay", log, "--state", state, env={"SEGUE_MARK_KEY": "hush"})

    assert refused(seeded) == holds + "  seed is 8, was 7\n  slates.limit is 4, was 10\n"
    assert "  --view-lag is 5, was 0\n" in refused(uniform)
    assert f"  policy.name is uniform, was {DEFAULT}\n" in uniform.err
    assert refused(other) == holds + f"  the log is {logs / 'table.csv'}, was {log}\n"
    assert "  mark_key is digest " in refused(secret)
    assert "hush" not in secret.err
    assert segue("replay", log, "--state", state, "--limit", 100).code == 0


def test_resuming_with_a_share_of_a_log_that_has_grown_is_refused(
    segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """What was counted then cannot be uncounted; a time would mean the same moment still."""
    args = ["replay", logs / "table.csv", "--state", tmp_path / "state", "--evaluate-from", "0.5"]
    assert segue(*args, "--limit", 100).code == 0

    done = segue(*args)

    assert "plays of the log, of which a share was asked for is " in refused(done)


def test_resuming_with_another_log_of_the_same_name_is_refused(segue: Warm, tmp_path: Path) -> None:
    """Changed, or shorter than what was read."""
    log, state = tmp_path / "log.jsonl", tmp_path / "state"
    log.write_bytes(b"".join(alternating(10)))
    assert segue("replay", log, "--state", state).code == 0

    log.write_bytes(b"".join(alternating(10, "bob")))
    changed = segue("replay", log, "--state", state)
    log.write_bytes(b"".join(alternating(9)))
    shorter = segue("replay", log, "--state", state)

    assert refused(changed) == (
        f"segue: record 9 of {log} is not the one that {state} has read last: the log was changed, expected "
        "it as it was or longer; start with an empty state directory\n"
    )
    assert refused(shorter) == (
        f"segue: {log} ends before record 9, where {state} stands (--limit and --until count); resume with "
        "the log that was read, or start with an empty state directory\n"
    )


def test_resuming_with_other_outputs_is_refused_before_any_is_touched(
    segue: Warm, logs: Path, tmp_path: Path
) -> None:
    """One that was not written then, one that was and is left out, one that is somebody else's."""
    args = ["replay", logs / "messy.jsonl", "--state", tmp_path / "state", "--limit", 200]
    mine, other = tmp_path / "scores", tmp_path / "other"
    assert segue(*args, "--scores", mine).code == 0
    other.write_text("dear diary\n")
    size = mine.stat().st_size

    more = segue(*args, "--scores", mine, "--feedback", tmp_path / "f")
    less = segue(*args)
    wrong = segue(*args, "--scores", other)

    assert refused(more) == (
        f"segue: --feedback is {tmp_path / 'f'}, but the run that is to be resumed wrote none; leave it out, "
        "or start with an empty state directory\n"
    )
    assert refused(less) == (
        "segue: --scores is missing, but the run that is to be resumed writes it: name the same file\n"
    )
    assert f"--scores is {other}, which has 11 bytes, expected at least " in refused(wrong)
    assert (other.read_text(), mine.stat().st_size) == ("dear diary\n", size)


def test_two_runs_at_once_on_one_state_are_refused(segue: Warm, logs: Path, tmp_path: Path) -> None:
    """The second says who holds it; the first is not disturbed."""
    state = tmp_path / "state"
    from state.rocks import RocksStore

    held = RocksStore(state)
    try:
        done = segue("replay", logs / "messy.jsonl", "--state", state)
    finally:
        held.close()

    assert f"the store {state} is in use" in refused(done)


def test_views_must_be_whole_and_of_the_same_units(segue: Warm, logs: Path, tmp_path: Path) -> None:
    """Missing, empty, or counted with other half-lives: refused with the way out."""
    log, state, empty = logs / "messy.jsonl", tmp_path / "state", tmp_path / "empty"
    assert segue("replay", log, "--state", state, "--limit", 50).code == 0
    empty.mkdir()

    missing = segue("replay", log, "--views", tmp_path / "nowhere")
    nothing = segue("replay", log, "--views", empty)
    other = segue("replay", log, "--views", state, env={"SEGUE_FACTS__POPULARITY_HALF_LIFE_DAYS": "3"})
    same = segue("replay", log, "--views", state, "--state", state)

    assert f"--views is {tmp_path / 'nowhere'}, expected a state directory; make one with" in refused(missing)
    assert not (tmp_path / "nowhere").exists()
    assert f"--views is {empty}, which holds no replay's state; make it with" in refused(nothing)
    assert refused(other) == (
        f"segue: the views in {state} cannot be read with these settings:\n"
        "  facts.popularity_half_life_days is 3.0, was 7.0 when they were made\n"
    )
    assert f"--views and --state are both {state}, expected two directories" in refused(same)


def test_a_resume_notices_that_pinned_views_have_moved(segue: Warm, logs: Path, tmp_path: Path) -> None:
    """They moved on with another run in between: the rest would be decided by other views."""
    log, views = logs / "messy.jsonl", tmp_path / "views"
    assert segue("replay", log, "--state", views, "--limit", 100).code == 0
    args = ["replay", log, "--views", views, "--state", tmp_path / "state", "--limit", 50]
    assert segue(*args).code == 0
    assert segue("replay", log, "--state", views, "--limit", 200).code == 0

    done = segue(*args)

    assert f"  --views is {views} as of record 199, " in refused(done)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_run_between_two_records_and_says_what_is_kept(
    number: signal.Signals, segue: Warm, tmp_path: Path
) -> None:
    """Exit code 130; nothing is lost or cut in half, and with a state the same command goes on from there."""
    log, state = tmp_path / "log.jsonl", tmp_path / "state"
    log.write_bytes(b"".join(alternating(3_000)))
    said = []
    for name, options in (("lost", []), ("kept", ["--state", state])):
        scores = tmp_path / name
        running = segue.start("replay", log, *options, "--scores", scores)
        while not (scores.exists() and scores.stat().st_size):
            time.sleep(0.01)
        os.kill(running.pid, number)
        said.append(running.wait())

    assert [(done.code, done.out) for done in said] == [(130, "")] * 2
    lost, kept = (tmp_path / name for name in ("lost", "kept"))
    plays = [scores.read_bytes().count(b"\n") - 1 for scores in (lost, kept)]  # one opener
    assert said[0].err == (
        f"segue: interrupted after {plays[0]} plays; nothing is kept for another run (--state DIR would keep "
        "it)\n"
    )
    assert said[1].err == f"segue: interrupted after {plays[1]} plays; the same command goes on from there\n"
    assert segue("replay", log, "--state", state, "--scores", kept).code == 0
    assert segue("replay", log, "--scores", lost).code == 0
    assert kept.read_bytes() == lost.read_bytes()


# --------------------------------------------------------------------------- what is refused

WRONG: dict[str, tuple[list[str], str]] = {
    "no such log": (
        ["nowhere.jsonl"],
        "the log is nowhere.jsonl, expected an existing file; is the path right?",
    ),
    "no such catalogue": (
        ["{log}", "--tracks", "nowhere.csv"],
        "--tracks is nowhere.csv, expected an existing file; is the path right?",
    ),
    "a share of stdin": (
        ["-", "--evaluate-from", "0.7"],
        "a share of the plays was asked for, but stdin cannot be counted beforehand, expected a file; "
        "give a time such as 2025-01-31 instead",
    ),
    "stdin twice": (
        ["-", "--tracks", "-"],
        "the log and --tracks are both -, expected stdin to hold one of them",
    ),
    "a percentage": (
        ["{log}", "--evaluate-from", "70%"],
        "--evaluate-from is '70%', expected a share of the plays in [0, 1] such as 0.7, or a time such as",
    ),
    "learning until never": (
        ["{log}", "--learn-until", "never"],
        "--learn-until is 'never', expected a share of the plays in [0, 1] such as 0.7, or a time such as",
    ),
    "a share as a time": (
        ["{log}", "--until", "0.5"],
        "--until is '0.5', expected a time such as 2025-01-31 or 2025-01-31T18:00Z, or UTC milliseconds",
    ),
    "seconds as milliseconds": (
        ["{log}", "--until", "1735689600"],
        "--until is '1735689600', expected a time",
    ),
    "some openers": (["{log}", "--openers", "some"], "--openers is 'some', expected count or skip"),
    "an unknown policy": (
        ["{log}", "--policy", "greedy"],
        "--policy is 'greedy', expected one of uniform, epsilon_greedy,",
    ),
    "an unknown format": (
        ["{log}", "--format", "mp3"],
        "format is 'mp3', expected auto or one of jsonl, spotify,",
    ),
    "half a column": (
        ["{log}", "--column", "track"],
        "--column is 'track', expected FIELD=NAME such as track=song",
    ),
    "a column of lines": (
        ["{log}", "--column", "track=x"],
        "columns name track, expected for jsonl some of: none",
    ),
    "no such settings": (
        ["{log}", "--settings", "none.toml"],
        "no settings file at none.toml; give one, or leave",
    ),
    "wrong settings": (
        ["{log}", "--settings", "{toml}"],
        "2 problems in the settings:\n"
        "  slates.limit is 99, expected: input should be less than or equal to 50\n"
        "  learning.pace is 3, expected: extra inputs are not permitted",
    ),
    "not TOML": (["{log}", "--settings", "{log}"], "is not TOML: "),
    "the log as an output": (
        ["{log}", "--scores", "{log}"],
        "--scores is {log}, but that is the log; name another file",
    ),
    "one file for two": (
        ["{log}", "--scores", "{folder}/x", "--json", "{folder}/x"],
        "--json is {folder}/x, but that is --scores; name another file",
    ),
    "no such directory": (
        ["{log}", "--feedback", "{folder}/no/f"],
        "--feedback is {folder}/no/f, which is in a directory that does not exist, expected a file to write",
    ),
    "a directory": (
        ["{log}", "--dead-letters", "{folder}"],
        "--dead-letters is {folder}, which is a directory, expected a file to write",
    ),
    "a pipe that cannot be cut back": (
        ["{log}", "--scores", "-", "--state", "{folder}/state"],
        "--scores is -, expected a file: with --state it is cut back when a run is resumed",
    ),
    "a foreign state": (["{log}", "--state", "{folder}"], "{folder} is a directory with log.jsonl"),
    "several things at once": (
        ["nowhere.jsonl", "--scores", "{folder}", "--feedback", "{folder}/f", "--json", "{folder}/f"],
        "3 problems in the options:\n  the log is nowhere.jsonl",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_options_say_what_came_what_was_expected_and_the_way_out(
    case: str, segue: Warm, tmp_path: Path
) -> None:
    """One message on stderr, exit code 2, no traceback, and the log as it was."""
    log, toml = tmp_path / "log.jsonl", tmp_path / "wrong.toml"
    log.write_bytes(b"".join(alternating(3)))
    toml.write_text("[slates]\nlimit = 99\n[learning]\npace = 3\n")
    places = {"log": str(log), "toml": str(toml), "folder": str(tmp_path)}
    args, message = WRONG[case]

    done = segue("replay", *[arg.format(**places) for arg in args])

    assert message.format(**places) in refused(done)
    assert log.read_bytes() == b"".join(alternating(3))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--slate", "51"], "--slate is 51, expected 1 to 50"),
        (["--candidates", "1"], "--candidates is 1, expected 2 to 1000"),
        (["--limit", "0"], "--limit is 0, expected at least 1"),
        (["--view-lag", "-1"], "--view-lag is -1, expected at least 0"),
        (["--checkpoint-plays", "0"], "--checkpoint-plays is 0, expected at least 1"),
        (["--seed", "-7"], "seed is -7, expected: input should be greater than or equal to 0"),
        (["--seed", "x"], "--seed"),
    ],
)
def test_numbers_out_of_range_are_refused(args: list[str], message: str, segue: Warm, logs: Path) -> None:
    """The option, what came and the range."""
    done = segue("replay", logs / "messy.jsonl", *args)

    assert message in refused(done)


def test_the_options_are_all_in_the_help(segue: Warm) -> None:
    """Whoever reads the help has read about every option."""
    done = segue("replay", "--help", env={"COLUMNS": "200"})

    asked = set((ROOT / "tests/replay/test_options.py").read_text().split('"'))
    options = {word for word in asked if word.startswith("--") and word.replace("-", "").isalpha()}
    assert done.code == 0
    for option in options - {"--help"}:
        assert option in done.out
