"""What every candidate source promises, and the blend of them all."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from candidates import SOURCE_NAMES, SOURCES, blend
from candidates.covisits import MATCHED, SEQUEL
from candidates.fresh import EXPOSURES_MAX
from tests.contracts.world import NAMES, NEVER, NOW_MS, Heard, World, heard, plays_of, recalled, world_of

VOTES = ("covisit", "matched", "sequel")
PROPOSING = [name for name in SOURCES if name != "requested"]


def proposed(
    world: World, history: list[Heard], quotas: dict[str, int], limit: int = 100, key: int = 7
) -> list[tuple[str, str]]:
    """Candidates as (track, source), in the order of the blend."""
    plays = plays_of(history, world)
    stamp = recalled(plays, NOW_MS, world)
    table, work, _ = world
    handles, sources = np.full(limit, -1, np.int32), np.full(limit, 255, np.uint8)
    count = blend(
        handles, sources, np.array([quotas.get(name, 0) for name in PROPOSING]), work.shortlist, plays,
        work.own, table.tracks, table.followers, work.votes, work.voted, table.popular, table.fresh,
        table.clock, work.summary, stamp, np.uint64(key),
    )  # fmt: skip
    assert (handles[count:] == -1).all()
    named = zip(handles[:count].tolist(), sources[:count].tolist(), strict=True)
    return [(table.names[handle], SOURCE_NAMES[source]) for handle, source in named]


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(seed=1)


@pytest.mark.parametrize("source", PROPOSING)
@pytest.mark.parametrize("quota", [0, 1, 7, 1_000])
@pytest.mark.parametrize("plays", [0, 1, 200])
def test_a_source_alone_proposes_known_playable_tracks_up_to_its_quota(
    world: World, source: str, quota: int, plays: int
) -> None:
    """No track twice; nothing nobody may play; what only this listener knows only from its own history."""
    history = heard(5, plays)

    found = proposed(world, history, {source: quota})

    tracks, rows = [track for track, _ in found], world.table.tracks
    assert len(found) <= quota
    assert {name for _, name in found} <= {source}
    assert len(set(tracks)) == len(tracks)
    assert all(rows[world.table.handle(track)]["playable"] for track in tracks)
    if source in ("own_followers", "repeats"):
        assert set(tracks) <= {play.track for play in history}
    else:
        assert not set(tracks) & set(NEVER)
        assert all(rows[world.table.handle(track)]["known"] for track in tracks)


@pytest.mark.compiled
@given(
    seed=st.integers(0, 2**32),
    plays=st.integers(0, 80),
    quotas=st.fixed_dictionaries({name: st.integers(0, 40) for name in PROPOSING}),
    limit=st.integers(1, 60),
)
def test_the_blend_keeps_every_quota_and_offers_no_track_twice(
    seed: int, plays: int, quotas: dict[str, int], limit: int
) -> None:
    """Sources in their turn, each up to its quota, all up to the limit; the same every time."""
    world = world_of(seed=1)
    history = heard(seed, plays)

    found = proposed(world, history, quotas, limit)

    names = [name for _, name in found]
    assert len(found) <= limit
    assert len({track for track, _ in found}) == len(found)
    assert names == sorted(names, key=PROPOSING.index)
    assert all(names.count(name) <= quotas[name] for name in PROPOSING)
    assert proposed(world, history, quotas, limit) == found


@pytest.mark.compiled
@given(
    seed=st.integers(0, 2**32),
    plays=st.integers(0, 80),
    order=st.permutations(NAMES),
    key=st.integers(0, 2**64 - 1),
)
def test_no_candidate_depends_on_the_order_in_which_tracks_were_met(
    seed: int, plays: int, order: list[str], key: int
) -> None:
    """A process with other handles proposes the same tracks in the same order from the same sources."""
    quotas = {"own_followers": 10, "covisits": 8, "followers": 9, "repeats": 9, "fresh": 5, "popular": 999}
    history = heard(seed, plays)

    ours = proposed(world_of(seed=1), history, quotas, 40, key)
    theirs = proposed(world_of(seed=1, order=order), history, quotas, 40, key)

    assert ours == theirs
    assert len(ours) == 40


@pytest.mark.parametrize("source", ["own_followers", "covisits", "followers", "repeats"])
def test_a_source_proposes_its_heaviest_first_and_ties_by_key(world: World, source: str) -> None:
    """Against a plain sort of what the recall wrote about every track."""
    history = heard(8, 150)
    found = [track for track, _ in proposed(world, history, {source: 12})]
    rows, table = world.work.own, world.table
    own = {play.track for play in history}

    weights: dict[str, float] = {}
    for name in [*NAMES, *NEVER, "unlisted"]:
        row = rows[table.handle(name)]
        if row["stamp"] != world.work.stamp:
            continue
        if source == "repeats" and name in own:
            weights[name] = (1.0 + row["plays"]) / (16.0 + row["ago"])
        if source == "own_followers" and name in own and row["own_near"] + row["own_far"] > 0:
            weights[name] = float(row["own_near"]) + 0.5 * float(row["own_far"])
        vote = world.work.votes[table.handle(name)]
        if source == "covisits" and vote["stamp"] == world.work.stamp and name not in NEVER:
            now = world.work.summary[0]
            shares = (now["covisits"], now["matches"] / MATCHED, (now["sequels"] + 0.5) / SEQUEL)
            weight = sum(float(vote[kind]) / share for kind, share in zip(VOTES, shares, strict=True))
            if weight > 0:
                weights[name] = weight
        if source == "followers" and row["near"] + row["far"] > 0 and name not in NEVER:
            weights[name] = float(row["near"]) + 0.5 * float(row["far"])
    best = sorted(weights, key=lambda name: (-weights[name], table.tracks[table.handle(name)]["key"]))[:12]

    assert found == [name for name in best if table.tracks[table.handle(name)]["playable"]]


def test_popular_tracks_come_most_played_first(world: World) -> None:
    """And without those that may not be played."""
    found = [track for track, _ in proposed(world, [], {"popular": 1_000})]

    playable = [n for n in world.table.ranked()[0] if world.table.tracks[world.table.handle(n)]["playable"]]
    assert found == playable


def test_fresh_tracks_are_drawn_from_all_that_are_fresh(world: World) -> None:
    """Over many decisions each one has its turn; none before its release, none heard enough already."""
    rows, table = world.table.tracks, world.table
    drawn = {proposed(world, [], {"fresh": 1}, key=key)[0][0] for key in range(400)}

    recalled(plays_of([], world), NOW_MS, world)
    scale = float(world.work.summary[0]["popularity_scale"])
    fresh: set[Any] = set()
    for name in table.ranked()[1]:
        row = rows[table.handle(name)]
        used = (row["exposures"] + row["plays"]) * scale > EXPOSURES_MAX
        if row["playable"] and not used and row["released_ms"] <= NOW_MS:
            fresh.add(name)
    assert drawn <= fresh
    assert len(drawn) > 0.9 * len(fresh)
