"""Track facts: exact when the landmark moves, exact when they travel, small enough to."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.track.layout import FOLLOWED, FOLLOWERS_KEPT, HEARD, SHOWN
from features.track.table import TrackTable
from numeric.arrays import bytes_of
from tests.features.making import DAY_MS, START_MS, event, random_events, table_of
from topics.track import Track
from topics.track_facts import TrackFacts

NAMES = [f"t{i}" for i in range(6)]
WEEK_MS = 7 * DAY_MS
COUNTS = ("plays", "skips", "judged", "exposures", "residual")


def test_an_event_is_counted_into_the_facts_it_is_about() -> None:
    """Heard, skipped, shown and followed, all within the landmark's first moment."""
    table = table_of(NAMES)
    at_ms = START_MS // WEEK_MS * WEEK_MS
    table.clock["popularity_landmark"] = at_ms // WEEK_MS
    table.clock["follower_landmark"] = 0
    rows = [
        event(HEARD, 0, at_ms, skipped=1),
        event(HEARD, 0, at_ms, skipped=0),
        event(HEARD, 0, at_ms),
        event(SHOWN, 0, at_ms, residual=0.25),
    ]

    table.count(bytes_of(np.concatenate(rows)))

    facts = table.facts(0)
    assert [getattr(facts, name) for name in COUNTS] == [3.0, 1.0, 2.0, 1.0, 0.25]
    assert (facts.at_ms, facts.first_heard_ms) == (at_ms, at_ms)


@given(seed=st.integers(0, 2**32), weeks=st.integers(1, 300))
def test_moving_the_landmark_multiplies_by_an_exact_power_of_two(seed: int, weeks: int) -> None:
    """An event far ahead moves it: what was counted before keeps every bit of its fraction."""
    table = table_of(NAMES)
    table.count(bytes_of(random_events(np.random.default_rng(seed), len(NAMES) - 1, 60, days=100)))
    before = [table.facts(i) for i in range(len(NAMES) - 1)]
    newest_ms = max(facts.at_ms for facts in before)

    table.count(bytes_of(event(HEARD, len(NAMES) - 1, newest_ms + weeks * WEEK_MS)))

    for old, new in zip(before, [table.facts(i) for i in range(len(NAMES) - 1)], strict=True):
        moved = new.popularity_landmark - old.popularity_landmark
        assert [getattr(new, n) for n in COUNTS] == [getattr(old, n) * 2.0**-moved for n in COUNTS]


@given(seed=st.integers(0, 2**32), apart=st.integers(0, 40))
def test_where_the_landmark_stands_makes_no_difference(seed: int, apart: int) -> None:
    """Two tables whose first event was weeks apart count the same, to an exact power of two."""
    one, other = table_of(NAMES), table_of(NAMES)
    one.count(bytes_of(event(HEARD, 5, START_MS)))
    other.count(bytes_of(event(HEARD, 5, START_MS - apart * WEEK_MS)))
    rows = random_events(np.random.default_rng(seed), 5, 60, days=20)

    one.count(bytes_of(rows))
    other.count(bytes_of(rows))

    for i in range(5):
        ours, theirs = one.facts(i), other.facts(i)
        factor = 2.0 ** (ours.popularity_landmark - theirs.popularity_landmark)
        assert [getattr(ours, n) * factor for n in COUNTS] == [getattr(theirs, n) for n in COUNTS]


@given(seed=st.integers(0, 2**32), order=st.permutations(NAMES))
def test_facts_come_out_of_another_table_as_they_went_in(seed: int, order: list[str]) -> None:
    """Taken in by a process with other handles, to the last bit, followers in their order."""
    table = table_of(NAMES)
    for name in NAMES[:3]:
        table.list_track(Track(name, artist_id=f"by {name}"))
    table.count(bytes_of(random_events(np.random.default_rng(seed), len(NAMES), 80, days=30)))
    facts = [table.facts(handle) for handle in range(len(NAMES))]
    other = table_of([*reversed(order[:3])])

    for name in order:
        other.take(facts[NAMES.index(name)])

    taken = [other.facts(other.handle(name)) for name in NAMES]
    assert [shaped(f) for f in taken] == [shaped(f) for f in facts]
    assert other.ranked()[0] == table.ranked()[0]


def shaped(facts: TrackFacts) -> bytes:
    return msgspec.msgpack.encode(facts)


def test_facts_from_before_and_after_our_landmark_meet() -> None:
    """A view that took old facts first moves on to the newer ones; shares between tracks stay exact."""
    old, new = table_of(NAMES), table_of(NAMES)
    old.count(np.concatenate([event(HEARD, 0, START_MS), event(FOLLOWED, 0, START_MS, by=1, steps=1)]))
    later_ms = START_MS + 2_000 * WEEK_MS  # 38 years: weights would not fit a double
    new.count(np.concatenate([event(HEARD, 1, later_ms), event(FOLLOWED, 1, later_ms, by=2, steps=1)]))
    views = [TrackTable(), TrackTable()]

    for view, order in zip(views, ([old.facts(0), new.facts(1)], [new.facts(1), old.facts(0)]), strict=True):
        for facts in order:
            view.take(facts)

    first, second = ([view.facts(view.handle(name)) for name in ("t0", "t1")] for view in views)
    assert [shaped(f) for f in first] == [shaped(f) for f in second]
    assert first[1].plays == new.facts(1).plays
    assert views[0].ranked()[0] == views[1].ranked()[0]


def test_facts_take_at_most_one_kib() -> None:
    """Ids of 64 bytes, all followers there can be, all counts: as a msgpack array, as changelogs hold it."""
    table = table_of(["t" * 64])
    table.list_track(Track("t" * 64, artist_id="a" * 64))
    rows = [event(FOLLOWED, 0, START_MS + i, by=table.handle(f"f{i}"), steps=1 + i % 5) for i in range(300)]
    heard = [event(HEARD, 0, START_MS, skipped=1), event(SHOWN, 0, START_MS, residual=0.1)]

    table.count(bytes_of(np.concatenate(rows + heard)))

    facts = table.facts(0)
    assert len(facts.followers) == 16 * FOLLOWERS_KEPT
    assert len(msgspec.msgpack.encode(msgspec.structs.astuple(facts))) <= 1_024


def test_a_full_list_of_followers_gives_up_the_lightest() -> None:
    """The heavy ones stay, the totals remember all."""
    table = table_of(["t"])
    by = [table.handle(f"f{i}") for i in range(FOLLOWERS_KEPT + 1)]
    for i in range(FOLLOWERS_KEPT):
        table.count(bytes_of(event(FOLLOWED, 0, START_MS, by=by[i], steps=1 if i else 5)))

    table.count(bytes_of(event(FOLLOWED, 0, START_MS, by=by[-1], steps=1)))

    kept = set(table.followers[0]["track"].tolist())
    assert by[-1] in kept
    assert by[0] not in kept
    weight = table.followers[0]["near"].max()
    assert table.tracks[0]["follow_near"] == pytest.approx(FOLLOWERS_KEPT * weight)


def test_an_id_and_its_handle_find_each_other_however_many_there_are() -> None:
    """The table grows by doubling; rows keep what they hold."""
    table = TrackTable()
    table.count(bytes_of(event(HEARD, table.handle("first"), START_MS)))

    handles = [table.handle(f"t{i}") for i in range(5_000)]

    assert [table.names[handle] for handle in handles] == [f"t{i}" for i in range(5_000)]
    assert table.facts(table.handle("first")).plays > 0
    assert len(table) == 5_001
    assert table.artist_handle(None) == -1
