from collections.abc import Callable

import pytest

from pipelines.importers import ImportFailed, read_tracks
from pipelines.importers.naming import artist_name, track_name
from topics.codec import encode_line
from topics.dead_letter import DeadLetter
from topics.play import Play
from topics.track import Track

Write = Callable[[str, bytes], str]


def test_a_catalogue_of_json_lines_is_read_as_it_stands(written: Write) -> None:
    """Anything but a track is odd there."""
    track = Track("t1", title="Zoë", genres=("rock",), attributes={"tempo_bpm": 97.0})
    path = written("tracks.jsonl", encode_line(track) + encode_line(Play("e", "ann", "t1", 0)))

    first, second = (entry.record for entry in read_tracks(path))

    assert first == track
    assert isinstance(second, DeadLetter)
    assert second.detail == "schema is 'play.v1', expected one of track.v1, dead-letter.v1 in this file"


def test_columns_map_by_their_names(written: Write) -> None:
    """The artist's id is made of the name, attributes carry their unit, genres are split."""
    path = written(
        "tracks.csv",
        "track_id,track_name,track_artist,track_popularity,release_date,genres,energy,loudness,tempo,duration_ms\n"
        "t1,Ça,Zoë,41,2001-02-03,rock|pop,0.5,-10.5,97.1,235440\n"
        "t2,,,,1975,,,,,\n".encode(),
    )

    first, second = (entry.record for entry in read_tracks(path))

    assert first == Track(
        "t1", "Ça", artist_name("zoë"), "Zoë", "music", ("rock", "pop"), 235_440, 981_158_400_000,
        attributes={"popularity": 41.0, "energy": 0.5, "loudness_db": -10.5, "tempo_bpm": 97.1},
    )  # fmt: skip
    assert second == Track("t2", released_ms=157_766_400_000)


def test_a_catalogue_without_ids_joins_plays_by_names(written: Write) -> None:
    """Title and artist make the same id here as in a log."""
    (entry,) = read_tracks(written("songs.csv", b"song,artist,release_year\nRhiannon,Fleetwood Mac,1976\n"))

    assert isinstance(entry.record, Track)
    assert entry.record.track_id == track_name("fleetwood mac", "rhiannon")


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (b"t,x,soon,1", 'released_ms is "soon", expected a date such as 1999-05-01, 1999-05 or 1999'),
        (b"t,x,0000,1", 'released_ms is "0000", expected a date'),
        (b"t,x,1999,0.5.1", 'energy is "0.5.1", expected a number'),
        (b",x,1999,1", "track_id is missing or empty, expected a track's id, or artist and title"),
        (b"t,x", "the row has 2 cells, expected 4 as in the header"),
    ],
)
def test_an_odd_row_of_a_catalogue_is_a_dead_letter(written: Write, row: bytes, detail: str) -> None:
    """With its line, its bytes and what was expected."""
    path = written("tracks.csv", b"track_id,title,release_date,energy\n" + row + b"\nt9,y,1999,1\n")

    letter, track = (entry.record for entry in read_tracks(path))

    assert isinstance(letter, DeadLetter)
    assert letter.detail.startswith(detail)
    assert (letter.offset, letter.value) == (2, row)
    assert isinstance(track, Track)


def test_a_file_that_is_no_catalogue_is_refused(written: Write) -> None:
    """The error says what is known."""
    with pytest.raises(ImportFailed, match=r"nothing of a known format \(it has x.csv\)"):
        read_tracks(written("x.csv", b"a,b\n1,2\n"))
    with pytest.raises(ImportFailed, match=r"x.csv has no column for track; it has a, b"):
        list(read_tracks(written("x.csv", b"a,b\n1,2\n"), format="csv"))
