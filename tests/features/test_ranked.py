"""The popular and the fresh list are what a sort of all tracks would give, after every event."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.track.layout import FOLLOWED, HEARD, SHOWN
from features.track.table import TrackTable
from numeric.arrays import bytes_of
from tests.features.making import DAY_MS, START_MS, event, table_of
from topics.track import Track

TRACKS = 8
NAMES = [f"t{i}" for i in range(TRACKS)]
POPULAR, FRESH = 4, 3
LISTED = -1


@st.composite
def changes(draw: st.DrawFn) -> Any:
    """An event of a track, or a catalogue entry with or without a date."""
    track = draw(st.integers(0, TRACKS - 1))
    days = draw(st.integers(0, 20) | st.sampled_from([500, 5_000]))
    kind = draw(st.sampled_from([HEARD, HEARD, FOLLOWED, SHOWN, LISTED]))
    if kind == LISTED:
        released = draw(st.none() | st.integers(0, 20).map(lambda day: START_MS + day * DAY_MS))
        return Track(NAMES[track], released_ms=released)
    return event(kind, track, START_MS + days * DAY_MS, by=draw(st.integers(0, TRACKS - 1)), steps=1)


def sorted_lists(table: TrackTable, heard: set[int]) -> tuple[list[str], list[str]]:
    """The first of all heard tracks by plays, and of all known ones by date; ties by key."""
    rows = table.tracks
    most = sorted(heard, key=lambda h: (-rows[h]["plays"], rows[h]["key"]))
    known = [h for h in range(len(table)) if rows[h]["known"]]
    newest = sorted(known, key=lambda h: (-table.is_fresh_since(h), rows[h]["key"]))
    return [table.names[h] for h in most[:POPULAR]], [table.names[h] for h in newest[:FRESH]]


@given(changes=st.lists(changes(), max_size=30))
def test_both_lists_are_the_first_of_a_sort_after_every_change(changes: list[Any]) -> None:
    """Whatever is heard, shown, listed or moved back in time, with lists shorter than the catalogue."""
    table = table_of(NAMES, popular=POPULAR, fresh=FRESH)
    heard: set[int] = set()

    for change in changes:
        if isinstance(change, Track):
            table.list_track(change)
        else:
            table.count(bytes_of(change))
            heard |= {int(row["track"]) for row in change if row["kind"] == HEARD}

        assert table.ranked() == sorted_lists(table, heard)
        assert_places_agree(table)


def assert_places_agree(table: TrackTable) -> None:
    """Every row says where it stands in both lists, or that it does not."""
    for listed, length, place in (("popular", "popular", "popular_place"), ("fresh", "fresh", "fresh_place")):
        handles = getattr(table, listed)[: table.clock[0][length]].tolist()
        where = {handle: i for i, handle in enumerate(handles)}
        assert [where.get(h, -1) for h in range(len(table))] == table.tracks[place][: len(table)].tolist()


@given(changes=st.lists(changes(), max_size=20), order=st.permutations(NAMES))
def test_lists_are_the_same_in_a_process_that_met_the_tracks_in_another_order(
    changes: list[Any], order: list[str]
) -> None:
    """Handles decide nothing: ties go to the smaller key."""
    one, other = (table_of(names, popular=POPULAR, fresh=FRESH) for names in (NAMES, order))

    for change in changes:
        for table in (one, other):
            if isinstance(change, Track):
                table.list_track(change)
            else:
                table.count(bytes_of(renamed(change, one, table)))

    assert one.ranked() == other.ranked()


def renamed(rows: Any, one: TrackTable, other: TrackTable) -> Any:
    """Events with the other table's handles."""
    rows = rows.copy()
    for field in ("track", "by"):
        rows[field] = [other.handle(one.names[handle]) for handle in rows[field]]
    return rows


def test_a_restart_puts_both_lists_back() -> None:
    """`restore_ranked` of `ranked` gives the same lists and places, whatever stood there."""
    table = table_of(NAMES, popular=POPULAR, fresh=FRESH)
    table.count(bytes_of(np.concatenate([event(HEARD, i % 6, START_MS + i * DAY_MS) for i in range(20)])))
    before = table.ranked()
    other = table_of([*reversed(NAMES)], popular=POPULAR, fresh=FRESH)
    other.count(bytes_of(event(HEARD, 0, START_MS)))

    other.restore_ranked(*before)

    assert other.ranked() == before
    assert_places_agree(other)
