from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.importers import IMPORTERS, read_log, sniff
from pipelines.importers.sessions import EPOCH_MS
from pipelines.importers.source import Source
from topics.dead_letter import DeadLetter
from topics.play import Play

Write = Callable[[str, bytes], str]


def test_sessions_follow_each_other_on_a_grid_of_30_seconds(written: Write) -> None:
    """Each session is a listener; none begins before the one before it has ended."""
    path = written("sessions.csv", b"session_idx,items\n7,1 2\n8,3\n9,1\n")

    found = [entry.record for entry in read_log(path)]

    assert sniff(path) == "sessions"
    plays = [record for record in found if isinstance(record, Play)]
    assert [(play.listener_id, play.track_id) for play in plays] == [
        ("7", "1"),
        ("7", "2"),
        ("8", "3"),
        ("9", "1"),
    ]
    assert [play.started_ms - EPOCH_MS for play in plays] == [0, 30_000, 60_000, 90_000]


def test_a_track_played_again_is_another_event(written: Write) -> None:
    """Its place in the session is part of its name."""
    found = list(read_log(written("sessions.csv", b"session_id,tracks\n7,1 1 1\n")))

    assert len({entry.record.event_id for entry in found if isinstance(entry.record, Play)}) == 3


@pytest.mark.parametrize(
    ("row", "detail"),
    [
        (b"7", "the row has 1 cells, expected 2"),
        (b"7,", "items is missing or empty, expected track ids between spaces"),
        (b",1 2", "session is missing or empty, expected the session's id"),
        (b"7,1 " + b"x" * 65 + b" 2", "track_id is"),
        (b"7,\xff", "byte 3 of the row is not UTF-8"),
    ],
)
def test_a_session_with_an_odd_item_is_odd_as_a_whole(written: Write, row: bytes, detail: str) -> None:
    """Half a session would teach followers that never were."""
    found = [
        entry.record for entry in read_log(written("s.csv", b"session_idx,items\n1,1\n" + row + b"\n2,2\n"))
    ]

    letter = found[1]
    assert isinstance(letter, DeadLetter)
    assert letter.detail.startswith(detail)
    assert (letter.offset, letter.value) == (3, row)
    assert len(found) == 3


lists = st.lists(st.text("123", min_size=1, max_size=2), min_size=1, max_size=5).map(
    lambda ids: " ".join(ids).encode()
)
junk = st.binary(max_size=20).filter(lambda row: b"\n" not in row and b'"' not in row)


@given(st.lists(st.one_of(junk, lists.map(lambda items: b"s," + items))))
def test_every_session_is_its_plays_or_a_dead_letter(
    source_of: Callable[[bytes], Source], rows: list[bytes]
) -> None:
    """Count in is count out: as many plays as items, one dead letter for each odd session."""
    content = b"session_idx,items\n" + b"\n".join(rows)

    found = [found.record for found in IMPORTERS["sessions"].read([source_of(content)], {})]

    odd = {record.offset for record in found if isinstance(record, DeadLetter)}
    lines = content.split(b"\n")
    expected = sum(
        1 if n in odd else len(line.decode().split(",")[1].split())
        for n, line in enumerate(lines[1:], 2)
        if line.strip()
    )
    assert len(found) == expected
    starts = [record.started_ms for record in found if isinstance(record, Play)]
    assert starts == sorted(set(starts))
