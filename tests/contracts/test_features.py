"""What every feature promises, checked alike over all of them."""

import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.context import CONTEXT, fill_context
from features.listener.covisits import place_covisits
from features.pair import PAIR, fill_columns
from features.track.counting import move_followers, move_popularity
from numeric.arrays import bytes_of
from pipelines.decide import describe
from pipelines.settings import Settings
from pipelines.views import Views
from tests.contracts.world import (
    DAY_MS,
    NAMES,
    NEVER,
    NOW_MS,
    TRACKS,
    World,
    heard,
    plays_of,
    recalled,
    world_of,
)

RANGES = {  # what a value with this unit may be
    "constant": (1.0, 1.0),
    "flag": (0.0, 1.0),
    "sign": (-1.0, 1.0),
    "share": (0.0, 1.0),
    "fraction": (0.0, 1.0),
    "share of half a day": (0.0, 1.0),
    "fourth root of a share": (0.0, 1.0),
    "1 / hours": (0.0, 1.0),
    "sum of shares": (0.0, 1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5),
    "log plays": (0.0, np.log(4_097) / 4),
    "log minutes": (0.0, 1.0),
}
YEAR_MS = 365 * DAY_MS
LISTENERS = {  # plays kept, over how long, and how long before now the last of them
    "never met": (0, 0, 0),
    "one play": (1, 0, 0),
    "in a session": (30, 3_600_000, 0),
    "a full history": (512, 200 * DAY_MS, 0),
    "back after a year": (60, 20 * DAY_MS, YEAR_MS),
    "of the last century": (60, 20 * DAY_MS, 40 * YEAR_MS),
}
ALL = [*CONTEXT.values(), *PAIR.values()]


@pytest.fixture(scope="module")
def world() -> World:
    return world_of(seed=1)


def described(world: World, plays: Any, now_ms: int) -> tuple[Any, Any]:
    """Context (context,) and columns (tracks, columns) of all tracks, as records carry them."""
    handles = np.array([world.table.handle(name) for name in NAMES + NEVER], np.int32)
    stamp = recalled(plays, now_ms, world)
    context = np.empty(len(CONTEXT), np.float32)
    columns = np.empty((len(handles), len(PAIR)), np.float32)
    table, work, _ = world
    place_covisits(handles, work.own, work.votes, work.summary, stamp)
    fill_context(context, work.summary)
    fill_columns(columns, handles, work.own, table.tracks, work.by_artist, work.summary, stamp)
    return context, columns


def plays_of_one(world: World, listener: str) -> tuple[Any, int]:
    count, spread_ms, ago_ms = LISTENERS[listener]
    now_ms = NOW_MS if ago_ms < YEAR_MS * 2 else NOW_MS - ago_ms
    until_ms = NOW_MS - ago_ms
    return plays_of(heard(len(listener), count, spread_ms, until_ms), world), now_ms


@pytest.mark.parametrize("feature", ALL, ids=lambda feature: feature.__name__)
def test_a_feature_has_a_unit_a_name_and_says_what_it_is(feature: ModuleType) -> None:
    """A file of its own: what it is in its first line, its unit, and what its value is."""
    assert re.match(r"[A-Z][a-z ]+: .*\.$", feature.__doc__ or "")
    assert feature.UNIT in RANGES
    assert (feature.value.__doc__ or "").startswith("Return ")


@pytest.mark.parametrize("listener", LISTENERS)
def test_every_feature_is_a_number_in_the_range_of_its_unit(world: World, listener: str) -> None:
    """For listeners new and old, tracks heard, unheard and unknown, moments in and out of all we know."""
    plays, now_ms = plays_of_one(world, listener)

    context, columns = described(world, plays, now_ms)

    for values, features in ((context[np.newaxis], CONTEXT), (columns, PAIR)):
        for i, (name, feature) in enumerate(features.items()):
            least, most = RANGES[feature.UNIT]
            assert np.isfinite(values[:, i]).all(), name
            assert least <= values[:, i].min(), name
            assert values[:, i].max() <= most * (1 + 1e-6), name


@pytest.mark.parametrize("listener", LISTENERS)
def test_the_fused_kernels_write_what_each_feature_says_itself(world: World, listener: str) -> None:
    """Bit for bit, in the order of the lists: no feature is left out, swapped or rounded twice."""
    plays, now_ms = plays_of_one(world, listener)

    context, columns = described(world, plays, now_ms)

    table, work, _ = world
    now = work.summary[0]
    alone = [np.float32(feature.value(now)) for feature in CONTEXT.values()]
    assert context.tobytes() == np.array(alone, np.float32).tobytes()
    for row, name in zip(columns, NAMES + NEVER, strict=True):
        track = world.table.handle(name)
        own = [f.value(track, work.own, table.tracks, work.by_artist, now) for f in PAIR.values()]
        assert row.tobytes() == np.array(own, np.float32).tobytes()


@pytest.mark.compiled
@given(seed=st.integers(0, 2**32), order=st.permutations(NAMES), count=st.integers(0, 60))
def test_no_feature_depends_on_a_process(seed: int, order: list[str], count: int) -> None:
    """Tracks met in another order, a workspace full of others: the same bits."""
    history, others = heard(seed, count), heard(seed + 1, 40)
    fresh, used = world_of(seed=2), world_of(seed=2, order=order)

    for _ in range(2):
        described(used, plays_of(others, used), NOW_MS)
    ours = described(fresh, plays_of(history, fresh), NOW_MS)
    theirs = described(used, plays_of(history, used), NOW_MS)

    assert [part.tobytes() for part in ours] == [part.tobytes() for part in theirs]


@pytest.mark.compiled
def test_what_others_play_changes_nothing_of_a_listener_s_own(world: World) -> None:
    """Before and after two other listeners were looked at, and again: the same bits each time."""
    views = Views(Settings())
    views.table, views.work, views.recent = world
    ann, bob = (plays_of(heard(seed, 40), world) for seed in (11, 12))
    handles = np.arange(TRACKS, dtype=np.int32)

    seen = []
    for plays in (ann, bob, ann, plays_of([], world), ann):
        context, columns = describe(bytes_of(plays), "ann", NOW_MS, handles, views, Settings())
        seen.append(context.tobytes() + columns.tobytes())

    assert seen[0] == seen[2] == seen[4]
    assert len({seen[0], seen[1], seen[3]}) == 3


@pytest.mark.compiled
@given(seed=st.integers(0, 2**32), weeks=st.integers(1, 30))
def test_no_feature_depends_on_where_the_landmark_stands(seed: int, weeks: int) -> None:
    """Facts taken in from a collector whose landmark is elsewhere give the same bits."""
    ours, theirs = world_of(seed=3), world_of(seed=3)
    table = theirs.table
    move_popularity(table.tracks, table.clock, weeks)
    move_followers(table.tracks, table.followers, table.clock, weeks)
    history = heard(seed, 40)

    one, other = (described(world, plays_of(history, world), NOW_MS) for world in (ours, theirs))

    assert [part.tobytes() for part in one] == [part.tobytes() for part in other]
