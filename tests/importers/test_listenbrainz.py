import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipelines.importers import IMPORTERS, read_log, sniff
from pipelines.importers.naming import artist_name, track_name
from pipelines.importers.source import Source
from topics.dead_letter import DeadLetter
from topics.play import Play
from topics.track import Track

Write = Callable[[str, bytes], str]
Zip = Callable[[Mapping[str, bytes]], str]
MBID, OTHER = "b1a9c0e9-d987-4042-ae91-78d6a3267d69", "00000000-1111-2222-3333-444444444444"
ARTIST = "87c5dedd-371d-4a53-9f7f-80522fb7f3cb"


def listen(at: Any = 1_700_000_000, **info: Any) -> dict[str, Any]:
    return {
        "listened_at": at,
        "recording_msid": "5a1f5b6e-0000-4000-8000-000000000001",
        "track_metadata": {
            "artist_name": "Björk",
            "track_name": "Jóga",
            "release_name": "Homogenic",
            "additional_info": {"media_player": "Rhythmbox", "tags": ["a", "b"], **info},
        },
    }


def mapped(mbid: str = MBID, at: int = 1_700_000_000) -> dict[str, Any]:
    row = listen(at, recording_mbid=OTHER)
    row["track_metadata"]["mbid_mapping"] = {
        "recording_mbid": mbid,
        "artist_mbids": [ARTIST],
        "artists": [{"artist_mbid": ARTIST, "artist_credit_name": "Björk", "join_phrase": ""}],
    }
    return row


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def export(zipped: Zip, *rows: Any, feedback: bytes = b"") -> str:
    return zipped({
        "user.json": b'{"user_id": 1, "username": "rob"}',
        "pinned_recording.jsonl": b'{"blurb_content": "hi", "pinned_until": 1}\n',
        "feedback.jsonl": feedback,
        "listens/2023/11.jsonl": lines(*rows),
        "listens/2022/1.jsonl": lines(listen(1_641_000_000)),
    })  # fmt: skip


def plays(path: str) -> list[Play]:
    return [entry.record for entry in read_log(path) if isinstance(entry.record, Play)]


def test_listened_at_is_the_start(written: Write) -> None:
    """Nothing is known about how long it was heard unless a player says so."""
    track, play = (entry.record for entry in read_log(written("1.jsonl", lines(listen()))))

    assert isinstance(track, Track)
    assert isinstance(play, Play)
    assert (play.started_ms, play.heard_ms, play.length_ms, play.skipped) == (
        1_700_000_000_000,
        None,
        None,
        None,
    )
    assert play.track_id == track.track_id == track_name("björk", "jóga")
    assert track.artist_id == artist_name("björk")


@pytest.mark.parametrize(
    ("info", "length_ms", "heard_ms"),
    [
        ({"duration_ms": 305_000}, 305_000, None),
        ({"duration": 305}, 305_000, None),
        ({"duration": "305.5", "duration_played": 12.5}, 305_500, 12_500),
        ({"duration_ms": 305_000, "duration": 300, "duration_played": 0}, 305_000, 0),
        ({"duration_ms": 0, "duration": 0}, None, None),
    ],
)
def test_lengths_come_in_milliseconds_or_seconds(
    written: Write, info: dict[str, Any], length_ms: int | None, heard_ms: int | None
) -> None:
    """``duration_ms`` before ``duration``; 0 is how players say that they do not know."""
    (play,) = plays(written("1.jsonl", lines(listen(**info))))

    assert (play.length_ms, play.heard_ms) == (length_ms, heard_ms)


def test_the_mapped_recording_names_the_track_before_the_submitted_one(written: Write) -> None:
    """Else the submitted one, else the names."""
    path = written(
        "1.jsonl", lines(mapped(), listen(1_700_000_001, recording_mbid=OTHER), listen(1_700_000_002))
    )

    track, play, *rest = (entry.record for entry in read_log(path))

    assert isinstance(track, Track)
    assert (track.track_id, track.artist_id, track.artist) == (MBID, ARTIST, "Björk")
    assert isinstance(play, Play)
    assert [r.track_id for r in rest if isinstance(r, Play)] == [OTHER, track_name("björk", "jóga")]


def test_a_users_export_is_read_with_its_name_and_its_feedback(zipped: Zip) -> None:
    """A score becomes ``liked`` of the newest play at or before it; other files are passed over."""
    feedback = lines(
        {"recording_mbid": MBID, "recording_msid": None, "score": 1, "created": 1_700_000_150},
        {"recording_mbid": "f" * 8, "recording_msid": "m", "score": -1, "created": 1_700_000_150},
    )
    path = export(
        zipped,
        mapped(at=1_700_000_200),
        mapped(at=1_700_000_100),
        mapped(at=1_700_000_000),
        feedback=feedback,
    )

    found = [entry.record for entry in read_log(path)]

    assert sniff(path) == "listenbrainz"
    assert {play.listener_id for play in found if isinstance(play, Play)} == {"rob"}
    assert [(play.started_ms // 1000, play.liked) for play in found if isinstance(play, Play)] == [
        (1_641_000_000, 0),
        (1_700_000_000, 0),
        (1_700_000_100, 1),
        (1_700_000_200, 0),
    ]
    (letter,) = [record for record in found if isinstance(record, DeadLetter)]
    assert (letter.source, letter.offset) == ("export.zip!feedback.jsonl", 2)
    assert letter.detail.startswith("feedback on a recording that this export never plays")


@pytest.mark.parametrize(
    ("created", "liked"),
    [
        (1, [-1, 0]),
        (1_700_000_000, [-1, 0]),
        (1_700_000_001, [0, -1]),
        (None, [0, -1]),
        ("2030-01-01T00:00:00Z", [0, -1]),
    ],
)
def test_feedback_belongs_to_the_play_it_followed(zipped: Zip, created: Any, liked: list[int]) -> None:
    """Before any play it belongs to the first; without a time to the newest."""
    feedback = lines({"recording_mbid": MBID, "score": -1, "created": created})

    found = plays(export(zipped, mapped(at=1_700_000_000), mapped(at=1_700_000_001), feedback=feedback))[1:]

    assert [play.liked for play in found] == liked


@pytest.mark.parametrize(
    "odd", [{"score": 2}, {"score": "x"}, {"score": None}, {"created": "soon"}, {"recording_mbid": 1.5}]
)
def test_odd_feedback_is_a_dead_letter(zipped: Zip, odd: dict[str, Any]) -> None:
    """And the plays stay as they are."""
    feedback = lines({"recording_mbid": MBID, "score": 1, "created": 5} | odd)

    found = [entry.record for entry in read_log(export(zipped, mapped(), feedback=feedback))]

    assert sum(isinstance(record, DeadLetter) for record in found) == 1
    assert all(record.liked == 0 for record in found if isinstance(record, Play))


def test_feedback_score_zero_takes_nothing_away(zipped: Zip) -> None:
    """0 says that the listener took the mark back: neither liked nor disliked."""
    feedback = lines({"recording_mbid": MBID, "score": 0, "created": 5})

    found = [entry.record for entry in read_log(export(zipped, mapped(), feedback=feedback))]

    assert not any(isinstance(record, DeadLetter) for record in found)
    assert all(record.liked == 0 for record in found if isinstance(record, Play))


@pytest.mark.parametrize(
    "document",
    [
        {"payload": {"count": 2, "latest_listen_ts": 5, "user_id": "rob", "listens": [listen(7), listen(5)]}},
        {"listen_type": "import", "payload": [listen(7), listen(5)]},
        [listen(7), listen(5)],
    ],
)
def test_api_answers_and_submissions_are_documents(written: Write, document: Any) -> None:
    """Newest first as the API gives them, oldest first as they are played."""
    found = plays(written("listens.json", json.dumps(document, indent=1).encode()))

    assert [play.started_ms for play in found] == [5_000, 7_000]


def test_a_full_dump_names_its_users(written: Write) -> None:
    """Dumps have a user name in each line, and some call the time ``timestamp``."""
    old = listen() | {"user_name": "lucifer"}
    new = {k: v for k, v in listen().items() if k != "listened_at"} | {
        "user_id": 7,
        "user_name": "rob",
        "timestamp": 5,
    }

    found = plays(written("2023-1.listens", lines(old, new)))

    assert [(play.listener_id, play.started_ms) for play in found] == [
        ("rob", 5_000),
        ("lucifer", 1_700_000_000_000),
    ]


@pytest.mark.parametrize(
    ("odd", "detail"),
    [
        (
            {"track_metadata": listen()["track_metadata"]},
            "listened_at is missing or empty, expected when the play started",
        ),
        (listen("now"), 'listened_at is "now", expected a time such as'),
        (listen(-1), "started_ms is -1000, expected `int` >= 0"),
        (listen(duration_ms="long"), 'duration_ms is "long", expected a number'),
        (listen(duration_played=-3), "heard_ms is -3000, expected `int` >= 0"),
        (
            {"listened_at": 5, "track_metadata": {"track_name": "x"}},
            "track_metadata is missing or empty, expected a rec",
        ),
        ({"listened_at": 5, "track_metadata": []}, "track_metadata is [], expected an object"),
        ([], "the row is [], expected an object with listened_at and track_metadata"),
    ],
)
def test_an_odd_listen_is_a_dead_letter(written: Write, odd: Any, detail: str) -> None:
    """With its line and bytes; so is what is no JSON."""
    path = written("1.jsonl", lines(listen(), odd) + b"{\n" + lines(listen(9)))

    found = [entry.record for entry in read_log(path)]

    letters = {record.offset: record for record in found if isinstance(record, DeadLetter)}
    assert sorted(letters) == [2, 3]
    assert letters[2].detail.startswith(detail)
    assert json.loads(letters[2].value) == odd
    assert (letters[3].reason, letters[3].value) == ("not_json", b"{")
    assert sum(isinstance(record, Play) for record in found) == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
infos = st.dictionaries(
    st.sampled_from(["duration_ms", "duration", "duration_played", "recording_mbid", "artist_mbids"]),
    json_values,
)
rows = st.one_of(
    json_values,
    infos.map(lambda info: listen(**info)),
    st.dictionaries(
        st.sampled_from(["listened_at", "timestamp", "track_metadata", "user_name", "recording_msid"]),
        json_values,
    ).map(lambda changes: listen() | changes),
)


@given(st.lists(rows, max_size=6), st.booleans())
def test_whatever_json_an_export_holds_each_row_counts(
    source_of: Callable[[bytes], Source], rows: list[Any], document: bool
) -> None:
    """Count in is count out, as lines and as a document."""
    assume(document or not rows or not isinstance(rows[0], list))  # that would be a document
    content = json.dumps({"payload": {"listens": rows}}).encode() if document else lines(*rows)

    found = list(IMPORTERS["listenbrainz"].read([source_of(content)], {}))

    assert len(found) == len(rows)
