"""Over the real files, which are not part of the project: skipped where their folder is missing."""

import time
from collections import Counter
from itertools import islice, pairwise
from pathlib import Path

import pytest

from pipelines.importers import Entry, read_log, read_tracks, sniff
from topics.dead_letter import DeadLetter
from topics.play import Play
from topics.track import Track


def counted(entries: list[Entry]) -> dict[str, int]:
    return dict(Counter(type(entry.record).__name__ for entry in entries))


@pytest.mark.parametrize(
    ("name", "format_", "plays", "tracks", "listeners"),
    [
        ("lastfm_listens", "csv", 90_517, 0, 240),
        ("radio_plays", "csv", 26_319, 2_010, 25),
        ("lastfm1k_user1", "csv", 11_679, 2_439, 1),
        ("mssd_sessions", "mssd", 68_813, 0, 4_103),
    ],
)
def test_every_row_is_a_play_in_event_time_order(
    shared_data: Path, name: str, format_: str, plays: int, tracks: int, listeners: int
) -> None:
    """No row of the real logs is odd, none is lost."""
    path = str(shared_data / f"{name}.csv.gz")

    entries = list(read_log(path))

    assert sniff(path) == format_
    assert counted(entries) == {"Play": plays} | ({"Track": tracks} if tracks else {})
    assert [entry.offset for entry in entries] == list(range(len(entries)))
    found = [entry.record for entry in entries if isinstance(entry.record, Play)]
    assert len({play.listener_id for play in found}) == listeners
    assert len({play.event_id for play in found}) == plays
    assert all(before.at_ms <= after.at_ms for before, after in pairwise(found))


def test_sessions_stream(shared_data: Path) -> None:
    """The first plays are there at once, on their grid."""
    entries = list(islice(read_log(str(shared_data / "nowplaying_sessions.csv.gz")), 50_000))

    starts = [entry.record.started_ms for entry in entries if isinstance(entry.record, Play)]
    assert all(after - before == 30_000 for before, after in pairwise(starts))
    assert len(starts) == 50_000


@pytest.mark.slow
def test_all_sessions_are_read(shared_data: Path) -> None:
    """953,381 plays in 128,077 sessions."""
    listeners = set()
    plays = 0
    for entry in read_log(str(shared_data / "nowplaying_sessions.csv.gz")):
        assert isinstance(entry.record, Play)
        plays += 1
        listeners.add(entry.record.listener_id)

    assert (plays, len(listeners)) == (953_381, 128_077)


@pytest.mark.parametrize(
    ("name", "tracks", "odd"),
    [
        ("track_catalogue", 20_300, 0),
        ("radio_songs", 2_227, 2),
        ("cm100k_items", 1_084, 0),
        ("situnes_tracks", 946, 0),
    ],
)
def test_catalogues_are_read(shared_data: Path, name: str, tracks: int, odd: int) -> None:
    """The two odd years of the radio's songs are real: 1071 and SONGFACTS.COM."""
    entries = list(read_tracks(str(shared_data / f"{name}.csv.gz")))

    assert counted(entries) == {"Track": tracks} | ({"DeadLetter": odd} if odd else {})


def test_the_radios_songs_join_its_plays(shared_data: Path) -> None:
    """Both are known by artist and title only."""
    songs = {
        entry.record.track_id
        for entry in read_tracks(str(shared_data / "radio_songs.csv.gz"))
        if isinstance(entry.record, Track)
    }

    plays = [
        e.record for e in read_log(str(shared_data / "radio_plays.csv.gz")) if isinstance(e.record, Play)
    ]

    assert sum(play.track_id in songs for play in plays) > 0.99 * len(plays)


def test_a_log_without_times_is_no_log(shared_data: Path) -> None:
    """Ratings have no time: nothing is made up for them."""
    with pytest.raises(ValueError, match="nothing of a known format"):
        read_log(str(shared_data / "cm100k_ratings.csv.gz"))


def test_a_packed_log_that_was_cut_off_loses_its_tail(shared_data: Path, tmp_path: Path) -> None:
    """A download that broke off at nine tenths is read that far."""
    packed = (shared_data / "lastfm_listens.csv.gz").read_bytes()
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(packed[: len(packed) * 9 // 10])

    *plays, last = [entry.record for entry in read_log(str(cut))]

    assert 78_000 < len(plays) < 84_000
    assert isinstance(last, DeadLetter)


@pytest.mark.timed
def test_an_import_is_quick(shared_data: Path) -> None:
    """At most 20 µs a row (a tenth of what a play may cost in all), best of three on a noisy machine."""
    path = str(shared_data / "lastfm_listens.csv.gz")

    def seconds() -> float:
        began = time.process_time()
        rows = sum(1 for _ in read_log(path))
        return (time.process_time() - began) / rows

    assert min(seconds() for _ in range(3)) < 20e-6
