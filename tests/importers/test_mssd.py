import csv
import io
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.importers import IMPORTERS, ImportFailed, read_log, sniff
from pipelines.importers.mssd import COLUMNS, Listened, times
from pipelines.importers.source import Source
from topics.dead_letter import DeadLetter
from topics.play import Play

Write = Callable[[str, bytes], str]
MINUTE, HOUR = 60_000, 3_600_000
DAY = 1_531_612_800_000  # 2018-07-15
SESSION = "0_00006f66-33e5-4de7-a324-2d18e439fc1e"
HEADER = [
    "session_id", "session_position", "session_length", "track_id_clean", "skip_1", "skip_2", "skip_3",
    "not_skipped", "context_switch", "no_pause_before_play", "short_pause_before_play",
    "long_pause_before_play", "hist_user_behavior_n_seekfwd", "hist_user_behavior_n_seekback",
    "hist_user_behavior_is_shuffle", "hour_of_day", "date", "premium", "context_type",
    "hist_user_behavior_reason_start", "hist_user_behavior_reason_end",
]  # fmt: skip


def row(position: Any, **changes: Any) -> list[str]:
    cells = dict.fromkeys(HEADER, "0") | {
        "session_id": SESSION, "session_position": position, "session_length": 20,
        "track_id_clean": f"t_{position}",
        "skip_1": False, "skip_2": False, "skip_3": False, "not_skipped": True, "hour_of_day": 16,
        "date": "2018-07-15", "context_type": "radio", "hist_user_behavior_reason_end": "trackdone",
    }  # fmt: skip
    return [str(cell) for cell in (cells | changes).values()]


def table(*rows: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([HEADER, *rows])
    return text.getvalue().encode()


def plays(path: str) -> list[Play]:
    return [entry.record for entry in read_log(path) if isinstance(entry.record, Play)]


def test_a_row_is_a_play_of_its_session(written: Write) -> None:
    """``skip_2`` is the skip, ``not_skipped`` is heard to the end, the rest stays unknown."""
    path = written("log_mini.csv", table(
        row(1, skip_2=True, not_skipped=False, hist_user_behavior_reason_end="fwdbtn"),
        row(2, hist_user_behavior_reason_end="endplay"),
        row(3, not_skipped=False, hist_user_behavior_reason_end="endplay"),
    ))  # fmt: skip

    first, second, third = plays(path)

    assert sniff(path) == "mssd"
    assert (first.listener_id, first.track_id, first.surface) == (SESSION, "t_1", "radio")
    assert (first.skipped, first.end_reason, first.heard_ms, first.length_ms) == (True, "fwdbtn", None, None)
    assert (second.skipped, second.end_reason) == (False, "trackdone")
    assert (third.skipped, third.end_reason) == (False, "endplay")


def test_a_session_begins_with_its_hour_and_pauses_widen_its_steps(written: Write) -> None:
    """3 minutes from play to play, 3½ after a short pause, 5 after a long one."""
    path = written("log.csv", table(
        row(1), row(2), row(3, short_pause_before_play=1),
        row(4, short_pause_before_play=1, long_pause_before_play=1),
    ))  # fmt: skip

    starts = [play.started_ms - DAY - 16 * HOUR for play in plays(path)]

    assert starts == [0, 180_000, 390_000, 690_000]


def test_the_first_play_of_the_next_hour_stands_at_its_beginning(written: Write) -> None:
    """What came before stands as close in front of it as its steps say."""
    path = written("log.csv", table(row(1), row(2), row(3, hour_of_day=17), row(4, hour_of_day=17)))

    starts = [(play.started_ms - DAY - 17 * HOUR) // MINUTE for play in plays(path)]

    assert starts == [-6, -3, 0, 3]


def test_sessions_of_one_hour_run_side_by_side(written: Write) -> None:
    """They are different listeners: the log is in event-time order, not in session order."""
    other = SESSION[:-1] + "f"
    path = written("log.csv", table(row(1), row(2), row(1, session_id=other), row(2, session_id=other)))

    assert [play.listener_id for play in plays(path)] == [SESSION, other, SESSION, other]


hours = st.lists(st.integers(min_value=-5, max_value=30), min_size=1, max_size=40)


@given(hours, st.lists(st.sampled_from([180_000, 210_000, 300_000]), min_size=40, max_size=40))
def test_no_made_up_step_closes_a_session(hours: list[int], steps: list[int]) -> None:
    """Whatever the hours say, plays follow each other by 30 s to 25 minutes."""
    rows = [Listened(n, DAY + hour * HOUR, steps[n], {}, 0, b"") for n, hour in enumerate(hours)]

    made = times(rows)

    assert len(made) == len(rows)
    assert all(30_000 <= after - before <= 25 * MINUTE for before, after in pairwise(made))


@given(st.lists(st.integers(min_value=1, max_value=19), min_size=1, max_size=2))
def test_plays_stand_in_their_hour_where_they_can(counts: list[int]) -> None:
    """As long as a session runs through no more than two hours that follow each other."""
    of = [hour for hour, count in enumerate(counts) for _ in range(count)]

    made = times([Listened(n, DAY + hour * HOUR, 180_000, {}, 0, b"") for n, hour in enumerate(of)])

    assert [(at - DAY) // HOUR for at in made] == of


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"hour_of_day": 24}, "hour_of_day is 24, expected an hour from 0 to 23"),
        ({"hour_of_day": "noon"}, 'hour_of_day is "noon", expected a number'),
        ({"date": "someday"}, 'date is "someday", expected a time'),
        (
            {"date": ""},
            "session_id, session_position, date or hour_of_day is missing or empty, expected all four",
        ),
        ({"skip_2": "maybe"}, 'skip_2 is "maybe", expected true, false or null'),
        ({"track_id_clean": ""}, 'track_id is "", expected `str` of length >= 1'),
        ({"date": "1918-07-15"}, 'date is "1918-07-15", expected a date from 1970 to 2099'),
    ],
)
def test_an_odd_row_is_a_dead_letter(written: Write, changes: dict[str, Any], detail: str) -> None:
    """With its line and bytes; the session goes on without it."""
    content = table(row(1), row(2, **changes), row(3))

    found = [entry.record for entry in read_log(written("log.csv", content))]

    (letter,) = [record for record in found if isinstance(record, DeadLetter)]
    assert letter.detail.startswith(detail)
    assert (letter.offset, letter.value) == (3, content.split(b"\n")[2])
    assert [record.track_id for record in found if isinstance(record, Play)] == ["t_1", "t_3"]


def test_a_log_without_its_columns_is_refused(written: Write) -> None:
    """The error names those that lack."""
    with pytest.raises(
        ImportFailed, match=r"log.csv lacks session_position, not_skipped, .* expected the columns"
    ):
        list(read_log(written("log.csv", b"session_id,track_id_clean,skip_2\n"), format="mssd"))


good = st.just(",".join(row(1)).encode())
changed = st.dictionaries(st.sampled_from(COLUMNS), st.text("0123456789.-TF", max_size=6))
odd = st.binary(max_size=30).filter(lambda cells: b"\n" not in cells and b'"' not in cells)


@given(st.lists(st.one_of(good, odd, changed.map(lambda changes: ",".join(row(2, **changes)).encode()))))
def test_every_row_is_a_play_or_a_dead_letter(
    source_of: Callable[[bytes], Source], rows: list[bytes]
) -> None:
    """Count in is count out."""
    found = list(IMPORTERS["mssd"].read([source_of(b"\n".join([",".join(HEADER).encode(), *rows]))], {}))

    assert len(found) == sum(1 for line in rows if line.strip())
