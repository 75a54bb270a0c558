from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.importers import IMPORTERS, read_log, sniff
from pipelines.importers.naming import track_name
from pipelines.importers.source import GZIP, Source
from topics.dead_letter import DeadLetter
from topics.play import Play
from topics.track import Track

Write = Callable[[str, bytes], str]
NEW = b'user_000001\t2009-05-04T23:08:57Z\tf1b1cf71-bd35\tDeep Dish\t\tFuck Me Im Famous "Pacha"'
OLD = "user_000001\t2009-05-04T13:54:10Z\ta7f7df4a-77d8\tSigur Rós\tb1a9c0e9-d987\tSæglópur".encode()
NAME = "userid-timestamp-artid-artname-traid-traname.tsv"


def test_rows_come_oldest_first(written: Write) -> None:
    """The file has each listener's newest play first; quotes in names are part of the name."""
    path = written(NAME, NEW + b"\n" + OLD + b"\n")

    found = [entry.record for entry in read_log(path)]

    assert sniff(path) == "lastfm"
    first, second = (record for record in found if isinstance(record, Play))
    assert (first.started_ms, first.track_id, first.heard_ms) == (1_241_445_250_000, "b1a9c0e9-d987", None)
    assert second.track_id == track_name("deep dish", 'fuck me im famous "pacha"')
    assert [track.artist_id for track in found if isinstance(track, Track)] == [
        "a7f7df4a-77d8",
        "f1b1cf71-bd35",
    ]


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (b"u\t2009-05-04T23:08:57Z\ta\tb\tc", "the row has 5 cells, expected 6"),
        (b"u\tyesterday\ta\tb\tc\td", 'timestamp is "yesterday", expected a time'),
        (b"\t2009-05-04T23:08:57Z\ta\tb\tc\td", "user is missing or empty, expected who listened"),
        (b"u\t\ta\tb\tc\td", "timestamp is missing or empty, expected when the play started"),
        (
            b"u\t2009-05-04T23:08:57Z\ta\tb\t\t",
            "track is missing or empty, expected a track MBID, or artist and title",
        ),
        (b"u\t2009-05-04T23:08:57Z\t\xff\tb\tc\td", "byte 24 of the row is not UTF-8"),
        (b"u\t1909-05-04T23:08:57Z\ta\tb\tc\td", "started_ms is -19"),
    ],
)
def test_an_odd_row_is_a_dead_letter(written: Write, row: bytes, detail: str) -> None:
    """With its line and bytes; the rows around it are read."""
    found = [entry.record for entry in read_log(written(NAME, NEW + b"\n" + row + b"\n" + OLD + b"\n"))]

    (letter,) = [record for record in found if isinstance(record, DeadLetter)]
    assert letter.detail.startswith(detail)
    assert (letter.offset, letter.value) == (2, row)
    assert sum(isinstance(record, Play) for record in found) == 2


@given(st.lists(st.one_of(st.just(NEW), st.binary(max_size=40).filter(lambda row: b"\n" not in row))))
def test_every_row_is_a_play_or_a_dead_letter(
    source_of: Callable[[bytes], Source], rows: list[bytes]
) -> None:
    """Count in is count out; nothing of a row is changed in its dead letter."""
    content = b"\n".join(rows)
    assume(not content.startswith(GZIP))
    lines = [line for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]

    found = [found.record for found in IMPORTERS["lastfm"].read([source_of(content)], {})]

    assert len(found) == len(lines)
    for line, record in zip(lines, found, strict=True):
        assert isinstance(record, Play) or (isinstance(record, DeadLetter) and record.value == line)
