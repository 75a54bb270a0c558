from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.importers import IMPORTERS, ImportFailed, read_log
from pipelines.importers.source import Source
from topics.dead_letter import DeadLetter
from topics.play import Play
from topics.track import Track

Write = Callable[[str, bytes], str]


def plays(path: str, **options: object) -> list[Play]:
    return [e.record for e in read_log(path, **options) if isinstance(e.record, Play)]  # type: ignore[arg-type]


def letters(path: str) -> list[DeadLetter]:
    return [e.record for e in read_log(path) if isinstance(e.record, DeadLetter)]


@pytest.mark.parametrize(
    ("header", "cell", "started_ms"),
    [
        ("started_ms", "1155477560123", 1_155_477_560_123),
        ("t_s", "54", 54_000),
        ("t_s", "54.25", 54_250),
        ("timestamp", "1155477560", 1_155_477_560_000),
        ("timestamp", "1155477560123", 1_155_477_560_123),
        ("timestamp", "2006-08-13T13:59:20Z", 1_155_477_560_000),
        ("timestamp", "2006-08-13 13:59:20", 1_155_477_560_000),
        ("played_at", "2006-08-13T15:59:20.5+02:00", 1_155_477_560_500),
    ],
)
def test_times_are_read_as_their_column_and_size_say(
    written: Write, header: str, cell: str, started_ms: int
) -> None:
    """A unit in the column's name decides; else above 1e11 it is milliseconds, and text is ISO 8601."""
    (play,) = plays(written("log.csv", f"user_id,item_id,{header}\n1,2,{cell}\n".encode()))

    assert play.started_ms == started_ms


@pytest.mark.parametrize("header", ["ended_at,heard_ms", "end_time,played_ms", '"ts","ms_played"'])
def test_a_time_that_is_the_end_is_taken_back_by_what_was_heard(written: Write, header: str) -> None:
    """By its name, or because Spotify's own field names stand in a table."""
    path = written("log.csv", f"user_id,item_id,{header}\n1,2,2020-01-01T00:00:30Z,30000\n".encode())

    (play,) = plays(path)

    assert (play.started_ms, play.heard_ms, play.at_ms) == (1_577_836_800_000, 30_000, 1_577_836_830_000)


def test_all_columns_that_a_play_has_are_read(written: Write) -> None:
    """Optional columns may be empty in a row."""
    header = (
        b"event_id,listener,track_id,started_ms,heard_ms,length_ms,skipped,liked,end_reason,surface,shown\n"
    )
    path = written(
        "log.csv", header + b"e1,ann,t1,5,30000,200000,True,1,fwdbtn,radio,3\ne2,ann,t2,6,,,,,,,\n"
    )

    first, second = sorted(plays(path), key=lambda play: play.event_id)

    assert first == Play(
        "e1",
        "ann",
        "t1",
        5,
        30_000,
        200_000,
        end_reason="fwdbtn",
        skipped=True,
        liked=1,
        surface="radio",
        shown=3,
    )
    assert second == Play("e2", "ann", "t2", 6)


def test_plays_come_in_event_time_order_and_ties_as_they_stand(written: Write) -> None:
    """Event time is the end where it is known: what started first may end last."""
    path = written(
        "log.csv", b"event_id,user,track_id,started_ms,heard_ms\nc,1,1,9,\na,1,1,1,9\nb,1,1,10,0\nd,1,1,2,\n"
    )

    entries = list(read_log(path))

    assert [e.record.event_id for e in entries if isinstance(e.record, Play)] == ["d", "c", "a", "b"]
    assert [e.offset for e in entries] == [0, 1, 2, 3]


def test_names_make_ids_and_a_track_comes_before_its_first_play(written: Write) -> None:
    """Case and spaces do not make another track; each is said once, just before it is first heard."""
    path = written(
        "log.csv", "station,song,artist,t_s\nX,Für Elise,Beethoven,7\nX, für elise ,BEETHOVEN,3\n".encode()
    )

    track, first, second = (entry.record for entry in read_log(path))

    assert isinstance(track, Track)
    assert isinstance(first, Play)
    assert isinstance(second, Play)
    assert first.track_id == second.track_id == track.track_id
    assert (first.started_ms, track.title, track.artist) == (3_000, "für elise", "BEETHOVEN")


def test_importing_twice_gives_the_same_ids_and_repeats_share_theirs(written: Write) -> None:
    """Without an id in the file, what the row says is its name: an exact repeat is a duplicate."""
    path = written("log.csv", b"user_id,item_id,t_s\n1,2,3\n1,2,3\n1,2,4\n")

    once, again = plays(path), plays(path)

    assert once == again
    assert once[0].event_id == once[1].event_id != once[2].event_id


def test_columns_can_be_named(written: Write) -> None:
    """Where a header means nothing to us, the caller says what it is; ``@`` is a constant."""
    path = written("log.csv", b"wer;was;wann_s\nann;t1;5\n")

    (play,) = plays(path, format="csv", columns={"listener": "@bo", "track": "WAS", "time": "wann_s"})

    assert (play.listener_id, play.track_id, play.started_ms) == ("bo", "t1", 5_000)


def test_a_file_without_a_needed_column_says_which_and_what_to_do(written: Write) -> None:
    """The error has the header, the lacking fields and the way out."""
    path = written("log.csv", b"who,item_id,t_s\n1,2,3\n")

    with pytest.raises(
        ImportFailed, match=r"log.csv has no column for listener; it has who, item_id, t_s; say"
    ):
        list(read_log(path))


def test_a_named_column_that_is_not_there_is_refused(written: Write) -> None:
    """A slip of the pen is not read as an empty column."""
    path = written("log.csv", b"user_id,item_id,t_s\n1,2,3\n")

    with pytest.raises(ImportFailed, match=r"has no column 'wann' for time; it has user_id, item_id, t_s"):
        list(read_log(path, columns={"time": "wann"}))
    with pytest.raises(
        ImportFailed, match=r"columns name when, expected for csv some of: listener, track, time"
    ):
        list(read_log(path, columns={"when": "t_s"}))


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (b"1,2", "the row has 2 cells, expected 3 as in the header"),
        (b"1,2,3,4", "the row has 4 cells, expected 3 as in the header"),
        (b'1,"2,3', "a quote is never closed, or closes inside a cell; expected cells quoted as a whole"),
        (b"1,\xff,3", "byte 3 of the row is not UTF-8, expected UTF-8"),
        (b",2,3", "listener_id is missing or empty, expected who listened"),
        (b"1, ,3", "track_id is missing or empty, expected a track's id, or artist and title"),
        (b"1,2,", "t_s is missing or empty, expected when the play started"),
        (b"1,2,soon", 't_s is "soon", expected a number'),
        (b"1,2,nan", 't_s is "nan", expected a number'),
        (b"1,2,-3", "started_ms is -3000, expected `int` >= 0"),
        (b"1,2,1e300", "started_ms is"),
        (b"1,2,99999999999999999999999999", 't_s is "99999999999999999999999999", expected a number'),
        (b"1," + b"x" * 65 + b",3", "track_id is"),
    ],
)
def test_an_odd_row_is_a_dead_letter_that_says_why(written: Write, row: bytes, detail: str) -> None:
    """Its neighbours are read, its number is the line's, its bytes are untouched."""
    path = written("log.csv", b"user_id,item_id,t_s\n1,2,3\n" + row + b"\n1,2,9\n")

    (letter,) = letters(path)

    assert letter.detail.startswith(detail)
    assert (letter.reason, letter.source, letter.offset, letter.value) == ("invalid", "log.csv", 3, row)
    assert len(plays(path)) == 2


def test_quoted_cells_may_hold_anything(written: Write) -> None:
    """Delimiters, quotes and line ends inside quotes are text."""
    path = written("log.csv", b'user,song,artist,t_s\r\n1,"A, ""B""\nC",D,3\r\n2,E,F,4\r\n')

    entries = [entry.record for entry in read_log(path)]

    assert [record.title for record in entries if isinstance(record, Track)] == ['A, "B"\nC', "E"]
    assert len(entries) == 4


def test_a_stray_quote_swallows_no_other_row(written: Write) -> None:
    """The line it stands in is odd, all others are read."""
    rows = b"".join(b"%d,2,%d\n" % (n, n) for n in range(100))
    path = written("log.csv", b'user_id,item_id,t_s\n1,"2,3\n' + rows)

    assert len(plays(path)) == 100
    assert [letter.offset for letter in letters(path)] == [2]


GOOD = b"ann,t1,5"


@given(
    st.lists(
        st.one_of(
            st.just(GOOD), st.binary(max_size=30), st.text(alphabet='a,"5\r', max_size=12).map(str.encode)
        )
    )
)
def test_every_row_is_a_play_or_a_dead_letter(
    source_of: Callable[[bytes], Source], rows: list[bytes]
) -> None:
    """Count in is count out, whatever bytes stand between good rows; a quoted row may span lines."""
    content = b"listener,track_id,t_s\n" + b"\n".join(rows)
    lines = [line for line in content.split(b"\n")[1:] if line.strip()]

    found = [found.record for found in IMPORTERS["csv"].read([source_of(content)], {})]

    out = [record for record in found if isinstance(record, Play)]
    dead = [record for record in found if isinstance(record, DeadLetter)]
    spanned = sum(len([part for part in letter.value.split(b"\n") if part.strip()]) for letter in dead)
    assert len(out) + spanned == len(lines) or (
        any(b'"' in row for row in rows) and len(out) + spanned <= len(lines)
    )
    if not any(b'"' in row for row in rows):
        assert len(found) == len(lines)
        assert len(out) >= rows.count(GOOD)
