"""Recent plays: sessions in blocks, tracks linked to their earlier plays, the oldest overwritten."""

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.track.recent import BLOCK_PLAYS, RecentPlays
from features.track.table import TrackTable

TRACKS = [f"t{i}" for i in range(6)]
Log = list[tuple[int, int]]  # (session, number of the track)

logs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, len(TRACKS) - 1)), max_size=150)


def kept(log: Log, plays_max: int) -> tuple[RecentPlays, TrackTable]:
    recent, table = RecentPlays(plays_max), TrackTable()
    for session, track in log:
        recent.append(session, table.handle(TRACKS[track]), table)
    return recent, table


def earlier_plays(recent: RecentPlays, table: TrackTable, track: str) -> list[tuple[int, int]]:
    """(session, turn) of a track's plays, the newest first, by following the links."""
    found = []
    place = int(table.tracks["newest_place"][table.handle(track)])
    while place:
        number, slot = divmod(place, BLOCK_PLAYS)
        block = recent.blocks[number % len(recent.blocks)]
        if block["number"] != number:
            break
        assert block["track"][slot] == table.handle(track)
        found.append((int(block["mark"]), int(block["turn"]) + int(block["since"][slot])))
        back = int(block["earlier"][slot])
        place = place - back if back else 0
    return found


def sessions(recent: RecentPlays, table: TrackTable) -> dict[int, list[str]]:
    """Each session's tracks in order, by following its blocks from the one they all begin at."""
    blocks = {int(block["number"]): block for block in recent.blocks if block["number"]}
    result: dict[int, list[str]] = defaultdict(list)
    for number, block in sorted(blocks.items()):
        result[int(block["mark"])] += [table.names[t] for t in block["track"][: block["plays"]]]
        after = int(block["after"])
        if after and number + after in blocks:
            assert blocks[number + after]["before"] == after
            assert blocks[number + after]["mark"] == block["mark"]
    return result


@given(logs)
def test_with_room_for_all_every_play_is_found(log: Log) -> None:
    """By its track, the newest first, and by its session, in order."""
    recent, table = kept(log, 10_000)

    for track in TRACKS:
        turns = [(s, turn) for turn, (s, t) in enumerate(log) if TRACKS[t] == track]
        assert earlier_plays(recent, table, track) == turns[::-1]
    for session in range(5):
        assert sessions(recent, table)[session] == [TRACKS[t] for s, t in log if s == session]


@given(logs)
def test_what_is_found_when_the_oldest_is_overwritten_happened(log: Log) -> None:
    """Newest first, each play once and true; nothing that is gone."""
    recent, table = kept(log, 4 * BLOCK_PLAYS)

    for track in TRACKS:
        found = earlier_plays(recent, table, track)
        assert [turn for _, turn in found] == sorted({turn for _, turn in found}, reverse=True)
        assert all(log[turn] == (session, TRACKS.index(track)) for session, turn in found)
    assert set(recent.open.values()) <= {int(block["number"]) for block in recent.blocks}
    assert len(recent.open) <= len(recent.blocks)


@given(logs, logs, st.permutations(TRACKS))
def test_another_process_goes_on_from_what_was_stored(log: Log, rest: Log, order: list[str]) -> None:
    """Other handles, the same bytes ever after."""
    recent, table = kept(log, 4 * BLOCK_PLAYS)
    restored, other = RecentPlays(4 * BLOCK_PLAYS), TrackTable()
    for name in order:
        other.handle(name)

    places = [(other.handle(t), int(table.tracks["newest_place"][table.handle(t)])) for t in TRACKS]
    used = [row for row in range(len(recent.blocks)) if recent.blocks[row]["number"]]
    restored.restore((recent.stored(row, table) for row in used), places, other)
    restored.clock[:] = recent.clock
    for session, track in rest:
        recent.append(session, table.handle(TRACKS[track]), table)
        restored.append(session, other.handle(TRACKS[track]), other)

    assert stored(restored, other) == stored(recent, table)
    assert restored.open == recent.open


def stored(recent: RecentPlays, table: TrackTable) -> list[Any]:
    return [
        *(recent.stored(row, table) for row in range(len(recent.blocks))),
        *(int(table.tracks["newest_place"][table.handle(track)]) for track in TRACKS),
    ]


def test_changed_rows_are_noted_for_whoever_asks() -> None:
    """The block written to, and the one before it, which learns where its session goes on."""
    recent, table = RecentPlays(100), TrackTable()
    recent.changed = set()
    for _ in range(BLOCK_PLAYS):
        recent.append(1, table.handle("a"), table)
    first, recent.changed = recent.changed, set()

    recent.append(1, table.handle("a"), table)

    assert (first, recent.changed) == ({1}, {1, 2})


def test_no_room_keeps_nothing() -> None:
    """The setting 0: followers alone."""
    recent, table = kept([(0, 0), (0, 1)], 0)

    assert len(recent.blocks) == 0
    assert not recent.open
    assert table.tracks["newest_place"].max() == 0


@pytest.mark.compiled
def test_a_million_plays_take_less_than_32_mb() -> None:
    """What a server holds of them."""
    assert RecentPlays(1_000_000).blocks.nbytes < 32e6


def test_places_of_the_tracks_row_mean_the_newest_play() -> None:
    """Also where the block of an older session got the newest play."""
    recent, table = kept([(0, 0), (1, 0), (0, 0)], 800)

    assert int(table.tracks["newest_place"][table.handle("t0")]) == BLOCK_PLAYS + 1
    assert np.count_nonzero(recent.blocks["plays"]) == 2
