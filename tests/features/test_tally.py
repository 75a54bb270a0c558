"""Tallies merge to the facts that counting in order gives."""

import numpy as np
import pytest

from features.track.layout import EVENT, FOLLOWED, HEARD, PRECEDED, SHOWN
from features.track.table import STORED_FOLLOWER, TrackTable
from features.track.tally import Tally, decode_tally, merged, tally_of

DAY_MS = 86_400_000
PAIRED = (FOLLOWED, PRECEDED)
NUMBERS = ("plays", "skips", "judged", "exposures", "residual", "follow_near", "follow_far")


def events_of(seed: int, table: TrackTable, tracks: int, n: int, days: int) -> np.ndarray:
    """Events of all kinds about some tracks, in order of time."""
    dice = np.random.default_rng(seed)
    handles = np.array([table.handle(f"track {k}") for k in range(tracks)])
    events = np.zeros(n, EVENT)
    events["at_ms"] = np.sort(dice.integers(0, days * DAY_MS, n)) + 1_700_000_000_000
    events["track"] = handles[dice.integers(0, tracks, n)]
    events["kind"] = dice.choice([HEARD, FOLLOWED, SHOWN, PRECEDED], n)
    events["by"] = np.where(np.isin(events["kind"], PAIRED), handles[dice.integers(0, tracks, n)], -1)
    events["steps"] = np.where(np.isin(events["kind"], PAIRED), dice.integers(1, 6, n), 0)
    events["skipped"] = np.where(events["kind"] == HEARD, dice.integers(-1, 2, n), -1)
    events["residual"] = dice.normal(0, 0.3, n)
    return events


def in_parts(events: np.ndarray, table: TrackTable, parts: int, seed: int) -> Tally:
    """Tallied in parts of any size, each over the wire, merged in any order, by twos."""
    dice = np.random.default_rng(seed)
    part = dice.integers(0, parts, len(events))
    found = [decode_tally(tally_of(events[part == k], table).encode()) for k in range(parts)]
    while len(found) > 1:
        found = [*found[2:], merged(found[:2])]
    return found[0]


@pytest.mark.parametrize(("tracks", "days"), [(40, 30), (40, 1_500), (45, 3)])
def test_parts_in_any_order_give_the_counts_of_the_ordered_events(tracks: int, days: int) -> None:
    """To 1e-9, over years in which landmarks move, too; followers to what 32 bits hold."""
    counted, table = TrackTable(), TrackTable()
    events = events_of(1, table, tracks, 20_000, days)
    counted.count(events_of(1, counted, tracks, 20_000, days))

    facts = list(in_parts(events, table, 7, seed=2).facts())

    taken = TrackTable()
    for fact in facts:
        taken.take(fact)
    assert len(facts) == tracks
    for fact in facts:
        ours, theirs = (found.facts(found.handle(fact.track_id)) for found in (taken, counted))
        landmark = 2.0 ** (ours.popularity_landmark - theirs.popularity_landmark)
        following = 2.0 ** (ours.follower_landmark - theirs.follower_landmark)
        for name in NUMBERS:
            factor = following if name.startswith("follow") else landmark
            assert getattr(ours, name) * factor == pytest.approx(getattr(theirs, name), rel=1e-9, abs=1e-9)
        assert (ours.at_ms, ours.first_heard_ms) == (theirs.at_ms, theirs.first_heard_ms)
        near, far = followers(ours.followers, following), followers(theirs.followers, 1.0)
        assert near.keys() == far.keys()
        for key, values in near.items():
            assert values == pytest.approx(far[key], rel=1e-4, abs=1e-6)


def followers(packed: bytes, factor: float) -> dict[int, tuple[float, float]]:
    """Followers by key."""
    rows = np.frombuffer(packed, STORED_FOLLOWER)
    return {int(row["key"]): (float(row["near"]) * factor, float(row["far"]) * factor) for row in rows}


def test_an_event_that_is_left_out_shows() -> None:
    """The comparison above can fail: one play less is one play less."""
    table = TrackTable()
    events = events_of(3, table, 5, 200, 2)
    events["kind"] = HEARD

    all_of_them, less = (tally_of(found, table).sums[:, 0].sum() for found in (events, events[:-1]))

    assert all_of_them - less > 0.5


def test_the_heaviest_followers_are_kept() -> None:
    """Of a hundred followers, the 48 that came most often, though they came last."""
    table = TrackTable()
    handles = [table.handle(f"track {k}") for k in range(101)]
    events = np.zeros(100 + 48, EVENT)
    events["at_ms"], events["kind"], events["steps"], events["skipped"] = 1_700_000_000_000, FOLLOWED, 1, -1
    events["track"] = handles[0]
    events["by"] = [*handles[1:], *handles[53:]]

    (facts,) = tally_of(events, table).facts()

    expected = {int(table.tracks[handle]["key"]) for handle in handles[53:]}
    assert set(followers(facts.followers, 1.0)) == expected
    assert facts.follow_near == pytest.approx(sum(tally_of(events, table).pair_sums[:, 0]))


def test_every_part_of_a_split_holds_its_tracks_and_their_pairs() -> None:
    """Merged again, the parts are the whole."""
    table = TrackTable()
    whole = tally_of(events_of(4, table, 30, 2_000, 20), table)

    parts = dict(whole.split(4))

    assert len(parts) == 4
    assert merged(parts.values()).encode() == whole.encode()
