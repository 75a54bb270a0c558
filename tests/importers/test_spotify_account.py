import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.importers import IMPORTERS, read_log, sniff
from pipelines.importers.source import Source
from topics.dead_letter import DeadLetter
from topics.play import Play
from topics.track import Track

Zip = Callable[[Mapping[str, bytes]], str]
ROW = {"endTime": "2024-03-09 23:59", "artistName": "Sigur Rós", "trackName": "Sæglópur", "msPlayed": 457_240}


def zip_of(zipped: Zip, *rows: Any) -> str:
    return zipped({
        "Spotify Account Data/Userdata.json": b'{"username": "zoe", "email": "zoe@example.org"}',
        "Spotify Account Data/Playlist1.json": b'{"playlists": []}',
        "Spotify Account Data/StreamingHistory_music_0.json": json.dumps(rows, indent=1).encode(),
    })  # fmt: skip


def test_a_zip_becomes_plays_that_ended_at_end_time(zipped: Zip) -> None:
    """``endTime`` is the end, in whole minutes; ids are made of the names; other files are passed over."""
    path = zip_of(zipped, ROW)

    track, play = (entry.record for entry in read_log(path))

    assert sniff(path) == "spotify-account"
    assert isinstance(track, Track)
    assert (track.title, track.artist) == ("Sæglópur", "Sigur Rós")
    assert isinstance(play, Play)
    assert (play.at_ms, play.heard_ms, play.listener_id) == (1_710_028_740_000, 457_240, "me")
    assert (play.skipped, play.end_reason, play.length_ms) == (None, None, None)


def test_plays_of_one_minute_stay_in_the_order_of_the_file(zipped: Zip) -> None:
    """A minute is all the file says; it is written in order."""
    rows = [ROW | {"trackName": str(n), "msPlayed": 5_000 * n} for n in range(5)]

    plays = [e.record for e in read_log(zip_of(zipped, *rows)) if isinstance(e.record, Play)]

    assert [play.heard_ms for play in plays] == [0, 5_000, 10_000, 15_000, 20_000]


@pytest.mark.parametrize(
    ("row", "kind", "title", "artist"),
    [
        ({"podcastName": "Show", "episodeName": "Ep"}, "podcast", "Ep", "Show"),
        ({"audiobookName": "Book", "chapterName": "Ch"}, "audiobook", "Ch", "Book"),
        ({"authorName": "Author", "audiobookName": "Book"}, "audiobook", "Book", "Author"),
    ],
)
def test_podcasts_and_audiobooks(
    zipped: Zip, row: dict[str, str], kind: str, title: str, artist: str
) -> None:
    """They stand in files of their own, under their own names."""
    track, _ = (
        entry.record for entry in read_log(zip_of(zipped, {"endTime": ROW["endTime"], "msPlayed": 1} | row))
    )

    assert isinstance(track, Track)
    assert (track.kind, track.title, track.artist) == (kind, title, artist)


@pytest.mark.parametrize(
    ("odd", "detail"),
    [
        (ROW | {"endTime": ""}, "endTime is missing or empty, expected when the play ended"),
        (ROW | {"endTime": "09.03.2024"}, 'endTime is "09.03.2024", expected a time such as'),
        (ROW | {"msPlayed": None}, "msPlayed is missing or empty, expected how long it was heard"),
        (ROW | {"msPlayed": -7}, "heard_ms is -7, expected `int` >= 0"),
        (ROW | {"trackName": None}, "trackName is missing or empty, expected a track and its artist"),
        (ROW | {"artistName": 1.5}, "artistName is 1.5, expected text"),
        (17, "the row is 17, expected an object with endTime"),
    ],
)
def test_an_odd_row_is_a_dead_letter(zipped: Zip, odd: Any, detail: str) -> None:
    """It names the member of the zip and the line."""
    found = [entry.record for entry in read_log(zip_of(zipped, ROW, odd, ROW))]

    (letter,) = [record for record in found if isinstance(record, DeadLetter)]
    assert letter.detail.startswith(detail)
    assert letter.source == "export.zip!Spotify Account Data/StreamingHistory_music_0.json"
    assert letter.offset == 8
    assert json.loads(letter.value) == odd
    assert sum(isinstance(record, Play) for record in found) == 2


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(sorted(ROW)),
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats(allow_nan=False)
            | st.text()
            | st.lists(st.integers()),
        )
    )
)
def test_whatever_stands_there_each_row_counts(
    source_of: Callable[[bytes], Source], changes: list[dict[str, Any]]
) -> None:
    """Count in is count out."""
    content = json.dumps([ROW | change for change in changes]).encode()

    found = list(IMPORTERS["spotify-account"].read([source_of(content)], {}))

    assert len(found) == len(changes)
