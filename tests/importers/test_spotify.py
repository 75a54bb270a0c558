import json
import zipfile
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

Write = Callable[[str, bytes], str]
Zip = Callable[[Mapping[str, bytes]], str]
FOLDER = "Spotify Extended Streaming History/"
ADDRESS, AGENT = "203.0.113.77", "SecretBrowser%2F5.0"
END_MS = 1_667_643_893_000  # 2022-11-05T10:24:53Z


def row(**changes: Any) -> dict[str, Any]:
    """One row with every field that Spotify publishes; `changes` replace some, None included."""
    return {
        "ts": "2022-11-05T10:24:53Z",
        "username": "zoë",
        "platform": "Android OS 10 API 29 (samsung, SM-G960F)",
        "ms_played": 187_413,
        "conn_country": "DE",
        "ip_addr": ADDRESS,
        "ip_addr_decrypted": ADDRESS,
        "user_agent_decrypted": AGENT,
        "master_metadata_track_name": "Hyperballad",
        "master_metadata_album_artist_name": "Björk",
        "master_metadata_album_album_name": "Post",
        "spotify_track_uri": "spotify:track:0123456789ABCDEFGHIJKL",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "offline_timestamp": 1_667_643_705,
        "incognito_mode": False,
    } | changes


def exported(*rows: Any) -> bytes:
    return json.dumps(list(rows), ensure_ascii=False, indent=2).encode()


def records(path: str, **options: Any) -> list[Any]:
    return [entry.record for entry in read_log(path, **options)]


def one(written: Write, **changes: Any) -> Play:
    return next(
        r for r in records(written("endsong_0.json", exported(row(**changes)))) if isinstance(r, Play)
    )


def test_a_row_becomes_a_track_and_a_play_that_ended_at_ts(written: Write) -> None:
    """``ts`` is the end: the play started ``ms_played`` before."""
    track, play = records(written("Streaming_History_Audio_2022_3.json", exported(row())))

    assert isinstance(track, Track)
    assert (track.title, track.artist, track.kind) == ("Hyperballad", "Björk", "music")
    assert isinstance(play, Play)
    assert (play.listener_id, play.track_id) == ("zoë", "spotify:track:0123456789ABCDEFGHIJKL")
    assert (play.started_ms, play.heard_ms, play.at_ms) == (END_MS - 187_413, 187_413, END_MS)
    assert (play.end_reason, play.skipped, play.length_ms) == ("trackdone", False, None)


def test_a_whole_zip_is_read_in_event_time_order(zipped: Zip) -> None:
    """Audio and video files together, whatever their order; papers and pictures are passed over."""
    path = zipped({
        FOLDER + "ReadMeFirst_ExtendedStreamingHistory.pdf": b"%PDF-1.7",
        FOLDER + "Streaming_History_Video_2018-2024.json": exported(row(ts="2021-01-01T00:00:00Z")),
        FOLDER + "Streaming_History_Audio_2022_10.json": exported(row(ts="2022-02-01T00:00:00Z")),
        FOLDER + "Streaming_History_Audio_2022_9.json": exported(
            row(ts="2022-01-01T00:00:00Z"), row(ts="2020-01-01T00:00:00Z")
        ),
    })  # fmt: skip

    plays = [record for record in records(path) if isinstance(record, Play)]

    assert sniff(path) == "spotify"
    assert len(plays) == 4
    assert [play.at_ms for play in plays] == sorted(play.at_ms for play in plays)


@pytest.mark.parametrize(
    ("skipped", "reason_end", "expected"),
    [
        (True, "fwdbtn", True),
        (False, "fwdbtn", False),
        (None, "fwdbtn", True),
        (None, "trackdone", False),
        (None, "endplay", None),
        (None, None, None),
        (1.0, "endplay", True),
        (0, "fwdbtn", False),
    ],
)
def test_skipped_may_be_null(written: Write, skipped: Any, reason_end: Any, expected: bool | None) -> None:
    """Spotify's own word counts; without it ``reason_end`` says what it can, and no more."""
    play = one(written, skipped=skipped, reason_end=reason_end)

    assert play.skipped is expected
    assert play.end_reason == reason_end


@pytest.mark.parametrize(
    "junk", [0, 1, None, "", "junk", True, -5, 1e300, [], {"a": 1}, 10**40, 1_667_643_705_123]
)
def test_offline_timestamp_changes_no_play(written: Write, junk: Any) -> None:
    """Whatever stands there, ``ts`` and ``ms_played`` say when it was."""
    play = one(written, offline=True, offline_timestamp=junk)

    assert play == one(written)


@pytest.mark.parametrize("scale", [1, 1000])
def test_plays_that_ended_in_the_same_second_are_in_the_order_they_started(
    written: Write, scale: int
) -> None:
    """By ``offline_timestamp`` in seconds or milliseconds, by ``ms_played`` where that is junk."""
    rows = [
        row(spotify_track_uri="third", ms_played=0, offline_timestamp=0),
        row(spotify_track_uri="second", ms_played=90_000, offline_timestamp=1_667_643_892 * scale),
        row(spotify_track_uri="first", ms_played=2_000, offline_timestamp=None),
    ]

    found = records(written("endsong_0.json", exported(*rows)))

    assert [record.track_id for record in found if isinstance(record, Play)] == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("changes", "track_id", "kind", "title", "artist"),
    [
        (
            {"spotify_episode_uri": "spotify:episode:1", "episode_name": "Ep 1", "episode_show_name": "Show"},
            "spotify:episode:1", "podcast", "Ep 1", "Show",
        ),
        (
            {"audiobook_uri": "spotify:show:7", "audiobook_chapter_uri": "spotify:episode:8",
             "audiobook_title": "Book", "audiobook_chapter_title": "Chapter 8"},
            "spotify:episode:8", "audiobook", "Chapter 8", "Book",
        ),
        ({"audiobook_uri": "spotify:show:7", "audiobook_title": "B"}, "spotify:show:7", "audiobook", "", "B"),
    ],
)  # fmt: skip
def test_podcasts_and_audiobooks_have_their_own_fields(
    written: Write, changes: dict[str, Any], track_id: str, kind: str, title: str, artist: str
) -> None:
    """The show or the book stands where the artist stands for music."""
    none = {
        "spotify_track_uri": None,
        "master_metadata_track_name": None,
        "master_metadata_album_artist_name": None,
    }

    track, play = records(written("endsong_0.json", exported(row(**none | changes))))

    assert (track.track_id, track.kind, track.title, track.artist) == (track_id, kind, title, artist)
    assert play.track_id == track_id


def test_a_local_file_is_known_by_its_names(written: Write) -> None:
    """Local files have names but no uri."""
    play = one(written, spotify_track_uri=None)

    assert play.track_id == one(written, spotify_track_uri="").track_id
    assert len(play.track_id) == 16


def test_an_export_without_user_names_is_one_listeners(written: Write) -> None:
    """Newer exports do not say whose they are; the caller may."""
    path = written("endsong_0.json", exported({k: v for k, v in row().items() if k != "username"}))

    assert records(path)[1].listener_id == "me"
    assert records(path, columns={"listener": "@ann"})[1].listener_id == "ann"


ODD: list[tuple[Any, str]] = [
    (row(ts=None), "ts is missing or empty, expected when the play ended"),
    (row(ts="yesterday"), 'ts is "yesterday", expected a time such as 2024-05-01T12:00:00Z, or Unix seconds'),
    (row(ts={"a": 1}), 'ts is {"a":1}, expected a number'),
    (row(ms_played=None), "ms_played is missing or empty, expected how long it was heard"),
    (row(ms_played=-1), "heard_ms is -1, expected `int` >= 0"),
    (row(ms_played=True), "ms_played is true, expected a number"),
    (row(ms_played=10**30), "started_ms is -9"),
    (row(skipped="perhaps"), 'skipped is "perhaps", expected true, false or null'),
    (row(reason_end=[1]), "reason_end is [1], expected text"),
    (
        row(spotify_track_uri=None, master_metadata_track_name=None),
        "spotify_track_uri is missing or empty, expected the uri of a track, an episode or an audiobook",
    ),
    ("a text", "the row is of type str, expected an object with ts and a uri"),
    (None, "the row is of type NoneType, expected an object with ts and a uri"),
]


@pytest.mark.parametrize(("odd", "detail"), ODD, ids=[detail[:30] for _, detail in ODD])
def test_an_odd_row_is_a_dead_letter_at_its_line(written: Write, odd: Any, detail: str) -> None:
    """The rows around it are read; address and browser are gone from its bytes, all else is there."""
    content = exported(row(), odd, row())

    found = records(written("endsong_0.json", content))

    (letter,) = [record for record in found if isinstance(record, DeadLetter)]
    assert sum(isinstance(record, Play) for record in found) == 2
    assert letter.detail.startswith(detail)
    assert letter.offset == 2 + exported(row()).count(b"\n") - 1
    assert letter.source == "endsong_0.json"
    assert ADDRESS.encode() not in letter.value
    assert AGENT.encode() not in letter.value
    assert json.loads(letter.value) == (
        {k: None if k.startswith(("ip_addr", "user_agent")) else v for k, v in odd.items()}
        if isinstance(odd, dict)
        else odd
    )


def test_a_broken_row_costs_only_itself(written: Write) -> None:
    """What is not JSON ends where the next row begins, and still gives no address away."""
    rows = [json.dumps(row(ms_played=n)).encode() for n in range(5)]
    rows[2] = rows[2].replace(b'"ts": ', b'"ts" ')

    found = records(written("endsong_0.json", b"[" + b",\n".join(rows) + b"]"))

    (letter,) = [record for record in found if isinstance(record, DeadLetter)]
    assert [record.heard_ms for record in found if isinstance(record, Play)] == [0, 1, 3, 4]
    assert (letter.reason, letter.offset) == ("not_json", 3)
    assert ADDRESS.encode() not in letter.value
    assert AGENT.encode() not in letter.value


@pytest.mark.parametrize("at", [0.3, 0.5, 0.9, 0.999])
def test_a_file_that_ends_early_loses_only_its_tail(written: Write, at: float) -> None:
    """Every row that is whole is a play; one dead letter says that the end is missing."""
    content = exported(*(row(ms_played=n) for n in range(50)))
    cut = content[: int(len(content) * at)]
    whole = cut.count(b"  },\n")

    found = records(written("endsong_0.json", cut))

    letters = [record for record in found if isinstance(record, DeadLetter)]
    assert len([record for record in found if isinstance(record, Play)]) >= whole
    assert len(letters) == 1
    assert ADDRESS.encode() not in letters[0].value


def test_exact_repeats_share_their_id_and_nothing_else_does(written: Write) -> None:
    """Overlapping exports import cleanly: the same play is the same event."""
    rows = [row(), row(), row(ms_played=5), row(spotify_track_uri="other"), row(ts="2022-11-05T10:24:54Z")]

    plays = [
        record for record in records(written("endsong_0.json", exported(*rows))) if isinstance(record, Play)
    ]

    assert len({play.event_id for play in plays}) == 4


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
odd_rows = st.one_of(
    json_values,
    st.dictionaries(st.sampled_from(sorted(row())), json_values, max_size=8).map(
        lambda changes: row(**changes)
    ),
)


@given(st.lists(st.one_of(st.just(row()), odd_rows), max_size=6))
def test_whatever_json_an_export_holds_each_row_counts(
    source_of: Callable[[bytes], Source], rows: list[Any]
) -> None:
    """Count in is count out, good rows are plays."""
    found = [f.record for f in IMPORTERS["spotify"].read([source_of(json.dumps(rows).encode())], {})]

    assert len(found) == len(rows)
    assert sum(isinstance(record, Play) for record in found) >= rows.count(row())


@given(
    st.lists(
        st.dictionaries(st.sampled_from(sorted(row())), json_values, max_size=8), min_size=1, max_size=4
    ),
    st.integers(min_value=0),
)
def test_no_address_reaches_a_record(
    source_of: Callable[[bytes], Source], changes: list[dict[str, Any]], place: int
) -> None:
    """Not from odd rows, not from rows whose structure is broken at any byte."""
    rows = [row() | change | {"ip_addr": ADDRESS, "user_agent_decrypted": AGENT} for change in changes]
    content = bytearray(json.dumps(rows).encode())
    structure = [place for place, byte in enumerate(content) if byte in b"{}[],:"]
    content[structure[place % len(structure)]] = ord("#")

    found = [f.record for f in IMPORTERS["spotify"].read([source_of(bytes(content))], {})]

    for record in found:
        if isinstance(record, DeadLetter):
            assert ADDRESS.encode() not in record.value
            assert AGENT.encode() not in record.value
            assert AGENT not in record.detail


def test_a_zip_member_that_swells_beyond_reason_is_refused(tmp_path: Any) -> None:
    """Eight megabytes that were eight kilobytes are no export of anybody's plays."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("endsong_0.json", b"[" + b" " * (8 << 20))

    with pytest.raises(
        ValueError, match=r"bomb.zip!endsong_0.json unpacks \d+ bytes to 8388609, expected at most 200"
    ):
        list(read_log(str(path)))
