"""Bad input never stops a replay: it is written down whole, and the rest is as if it were not there."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.replay.logs import START_MS, messy
from tests.replay.warm import Warm
from topics.codec import SCHEMAS, encode_line
from topics.dead_letter import DeadLetter
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request
from topics.track import Track

pytestmark = pytest.mark.compiled

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
POISON = """
import pipelines.replay.engine as engine
whole = engine.serve
def serve(before, record, *rest):
    if record.surface == "poison":
        1 / 0
    return whole(before, record, *rest)
engine.serve = serve
"""
BAD_FEEDBACK = """
from pipelines.learn import Learner
whole = Learner.learn
def learn(self, feedback):
    if feedback.final:
        raise KeyError("no such column")
    return whole(self, feedback)
Learner.learn = learn
"""


def play(number: int, listener: str = "ann", at_ms: int = 0, surface: str = "now_playing") -> bytes:
    """Return the line of one ended play, two minutes after the one before."""
    started_ms = at_ms or START_MS + number * 2 * 60_000
    record = Play(f"e{number}", listener, f"t{number % 5}", started_ms, 100_000, 120_000, surface=surface)
    return encode_line(record)


GOOD = [play(number) for number in range(20)]


@pytest.fixture
def replayed(segue: Warm, tmp_path: Path) -> Any:
    """Replay some lines; gives (scores, dead letters, summary)."""

    def run(
        lines: list[bytes], *options: object, **how: Any
    ) -> tuple[bytes, list[DeadLetter], dict[str, Any]]:
        log, out = tmp_path / "log.jsonl", tmp_path / "out"
        log.write_bytes(b"".join(lines))
        out.mkdir(exist_ok=True)
        ran = segue(
            "replay",
            log,
            "--scores",
            out / "s",
            "--dead-letters",
            out / "d",
            "--json",
            out / "j",
            *options,
            **how,
        )
        assert ran.code == 0, ran.err
        assert ran.err == ""
        letters = [
            msgspec.json.decode(line, type=DeadLetter) for line in (out / "d").read_bytes().splitlines()
        ]
        return (out / "s").read_bytes(), letters, json.loads((out / "j").read_text())

    return run


BAD = {
    "not JSON": (
        b"half a {\n",
        "not_json",
        "",
        "the value is not JSON (JSON is malformed: invalid character (byte 0))",
    ),
    "missing field": (
        b'{"event_id":"x","listener_id":"ann","track_id":"t1"}\n',
        "invalid",
        "started_ms",
        "started_ms is missing, expected a value",
    ),
    "wrong type": (
        b'{"event_id":"x","listener_id":"ann","track_id":"t1","started_ms":"noon"}\n',
        "invalid",
        "started_ms",
        'started_ms is "noon", expected `int`, got `str`',
    ),
    "negative": (
        b'{"event_id":"x","listener_id":"ann","track_id":"t1","started_ms":1,"heard_ms":-5}\n',
        "invalid",
        "heard_ms",
        "heard_ms is -5, expected `int` >= 0",
    ),
    "absurd": (
        b'{"event_id":"x","listener_id":"ann","track_id":"t1","started_ms":99999999999999}\n',
        "invalid",
        "started_ms",
        "started_ms is 99999999999999, expected `int` <= 4102444800000",
    ),
    "bad id": (
        b'{"event_id":"x","listener_id":"","track_id":"t1","started_ms":1}\n',
        "invalid",
        "listener_id",
        'listener_id is "", expected `str` of length >= 1',
    ),
    "unknown schema": (
        b'{"schema":"play.v9","event_id":"x"}\n',
        "unknown_schema",
        "schema",
        f"schema is 'play.v9', expected one of {', '.join(SCHEMAS)}",
    ),
    "a record of another topic": (
        encode_line(DeadLetter("late", "", "s", 1, b"")).replace(b"dead-letter.v1", b"track-facts.v1"),
        "invalid",
        "track_id",
        "track_id is missing, expected a value",
    ),
    "too late": (
        play(99, at_ms=START_MS - 3 * DAY_MS),
        "late",
        "started_ms",
        f"the play's event time is {START_MS - 3 * DAY_MS + 100_000}, expected at least "
        f"{START_MS + 9 * 120_000 + 100_000 - DAY_MS}: a day before this listener's newest record",
    ),
    "from the future": (
        play(99, at_ms=START_MS + DAY_MS)[:-2] + b',"received_ms":%d}\n' % (START_MS + HOUR_MS),
        "future",
        "started_ms",
        f"started_ms is {START_MS + DAY_MS}, expected at most 3600000 ms after it was received "
        f"({START_MS + HOUR_MS}): check the producer's clock",
    ),
    "a request from long ago": (
        encode_line(Request("r1", "ann", START_MS - 3 * DAY_MS)),
        "late",
        "at_ms",
        f"at_ms is {START_MS - 3 * DAY_MS}, expected at least "
        f"{START_MS + 9 * 120_000 + 100_000 - DAY_MS}: a day before this listener's newest record",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_record_becomes_a_dead_letter_and_nothing_else(case: str, replayed: Any) -> None:
    """Its untouched bytes, the file, the line, the field and the reason; all scores as without it."""
    line, reason, field, detail = BAD[case]
    expected, _, _ = replayed(GOOD)

    scores, letters, summary = replayed([*GOOD[:10], line, *GOOD[10:]])

    assert letters == [DeadLetter(reason, detail, "log.jsonl", 11, line[:-1], field=field)]  # type: ignore[arg-type]
    assert scores == expected
    assert summary["dead_letters"] == {reason: 1}
    assert (summary["plays"], summary["quality"]["segue"]["plays"]) == (20, 20)


def test_a_play_from_the_future_that_would_open_a_session_is_told_in_its_own_words(replayed: Any) -> None:
    """Replay asks before such a play; that nobody was asked then must not show in the letter."""
    line = play(99, "bob", START_MS + 3 * DAY_MS)[:-2] + b',"received_ms":%d}\n' % START_MS

    _, letters, summary = replayed([line, *GOOD])

    assert [(letter.reason, letter.field, letter.value) for letter in letters] == [
        ("future", "started_ms", line[:-1])
    ]
    assert summary["listeners"] == 1


def test_a_duplicate_changes_nothing_and_is_counted(replayed: Any) -> None:
    """Plays and requests alike, at once or later."""
    asked = encode_line(Request("r1", "ann", START_MS + 15 * 120_000))
    log = [*GOOD[:15], asked, *GOOD[15:]]
    expected, _, once = replayed(log)

    scores, letters, summary = replayed([*log[:16], asked, *GOOD[3:15], *log[16:], GOOD[19]])

    assert scores == expected
    assert letters == []
    assert summary["counts"] == {**once["counts"], "duplicate": 14}


def test_an_unknown_track_is_scored_by_what_is_known_and_counted(replayed: Any) -> None:
    """The catalogue need not know what is played."""
    scores, letters, summary = replayed([encode_line(Track("t0")), *GOOD])

    assert len(scores.splitlines()) == 21  # one opener
    assert letters == []
    assert summary["counts"]["unknown_track"] == 4


def test_an_unknown_listener_is_offered_what_is_popular_and_fresh(replayed: Any) -> None:
    """Nobody has heard of bob; he is asked for at once."""
    scores, _, _ = replayed([*GOOD, encode_line(Request("r1", "bob", START_MS + HOUR_MS))])

    answer = json.loads(scores.splitlines()[-1])
    assert answer["listener_id"] == "bob"
    assert {slot["source"] for slot in answer["slate"]} <= {"popular", "fresh"}
    assert len(answer["slate"]) == 5


def test_a_request_without_a_usable_candidate_is_answered_with_the_reason(replayed: Any) -> None:
    """Not playable, or nothing known at all: an empty slate that says why."""
    silent = encode_line(Track("t1", playable=False))
    asked = encode_line(Request("r1", "bob", START_MS, candidates=("t1",)))

    scores, _, _ = replayed([encode_line(Request("r0", "bob", START_MS)), silent, asked])

    for line in scores.splitlines():
        answer = json.loads(line)
        assert answer["slate"] == []
        assert answer["reason"] == "no usable candidate: none known, or none playable"


def test_an_erased_listener_is_somebody_new(replayed: Any) -> None:
    """What came before is forgotten: the scores are those of somebody never met; counted once."""
    erased = encode_line(Erasure("ann", START_MS + 20 * 120_000))
    back = play(40)
    nobody = encode_line(Erasure("nobody", START_MS))

    scores, letters, summary = replayed([*GOOD, erased, nobody, back])

    opener, last = (json.loads(line) for line in scores.splitlines()[-2:])
    assert {slot["source"] for slot in opener["slate"]} <= {"popular", "fresh"}
    assert last["cause"] == "e40"
    assert letters == []
    assert summary["counts"]["erased"] == 1
    assert (summary["plays"], summary["listeners"]) == (21, 2)


def test_a_record_on_which_a_step_fails_is_buried_and_the_replay_goes_on(replayed: Any) -> None:
    """The letter holds the traceback's last line and where it was; the listener's state is as before."""
    expected, _, _ = replayed(GOOD)
    poison = play(99, at_ms=START_MS + 9 * 120_000 + 110_000, surface="poison")

    scores, letters, summary = replayed([*GOOD[:10], poison, *GOOD[10:]], patch=POISON)

    detail = "ZeroDivisionError: division by zero (<string>, line 6)"
    assert letters == [DeadLetter("failed", detail, "log.jsonl", 11, poison[:-1])]
    assert scores == expected
    assert summary["dead_letters"] == {"failed": 1}


def test_feedback_that_cannot_be_learned_is_buried_and_the_listener_goes_on(replayed: Any) -> None:
    """The failure is learn's, so the record is the feedback, under its topic's name."""
    _, letters, summary = replayed(GOOD, patch=BAD_FEEDBACK)

    assert {letter.source for letter in letters} == {"feedback"}
    assert all(json.loads(letter.value)["final"] for letter in letters)
    assert letters[0].detail == "KeyError: 'no such column' (<string>, line 6)"
    assert summary["plays"] == 20


def test_more_than_a_hundred_failures_in_a_row_stop_the_run(segue: Warm, tmp_path: Path) -> None:
    """Nothing is lost: a repaired version goes on from the last checkpoint as if nothing had been."""
    log = tmp_path / "log.jsonl"
    poison = [play(100 + number, surface="poison") for number in range(150)]
    log.write_bytes(b"".join([*GOOD, *poison, play(300)]))
    files = ["--scores", tmp_path / "s", "--dead-letters", tmp_path / "d"]
    args = ["replay", log, *files, "--state", tmp_path / "state", "--checkpoint-plays", 5]

    halted = segue(*args, patch=POISON)

    assert halted.code == 1
    assert halted.err == (
        "segue: 101 records in a row failed inside segue, the last (record 120) with ZeroDivisionError: "
        "division by zero (<string>, line 6); this is a fault of segue, not of the log\n"
    )
    repaired = segue(*args)
    whole = segue("replay", log, "--scores", tmp_path / "whole")
    assert (repaired.code, whole.code) == (0, 0), repaired.err + whole.err
    assert (tmp_path / "s").read_bytes() == (tmp_path / "whole").read_bytes()
    assert (tmp_path / "d").read_bytes() == b""


def test_failures_that_are_more_than_a_twentieth_stop_the_run(segue: Warm, tmp_path: Path) -> None:
    """One in ten: from the two hundredth on."""
    log = tmp_path / "log.jsonl"
    lines = [play(n, surface="poison" if n % 10 == 0 else "now_playing") for n in range(2_500)]
    log.write_bytes(b"".join(lines))

    halted = segue("replay", log, "--candidates", 2, "--slate", 1, patch=POISON)

    assert halted.code == 1
    assert "segue: 200 of the last 1991 records failed inside segue, the last (record 1990)" in halted.err


def test_rubbish_alone_gives_an_empty_run(replayed: Any) -> None:
    """No record to use: all letters, no scores, exit code 0."""
    lines = [line for line in messy(300, seed=3) if not line.startswith(b"{")]

    scores, letters, summary = replayed([*lines, b'{"event_id":1,"track_id":2}\n'])

    assert scores == b""
    assert len(letters) == len([line for line in lines if line.strip()]) + 1
    assert summary["plays"] == 0
    assert summary["quality"]["segue"]["hr@10"] == 0.0
