"""A small world to look at through features and sources: tracks with a past, listeners with plays."""

from typing import Any, NamedTuple

import numpy as np

from features.listener.covisits import fold_covisits
from features.listener.layout import PLAY
from features.listener.recall import recall
from features.track.layout import EVENT
from features.track.recent import RecentPlays
from features.track.table import TrackTable
from numeric.arrays import bytes_of
from pipelines.views import Workspace
from topics.ids import key_of
from topics.track import Track

NOW_MS = 1_700_000_000_000
HOUR_MS, DAY_MS = 3_600_000, 86_400_000
GAP_MS = 1_800_000
TRACKS = 60
NAMES = [f"track {i}" for i in range(TRACKS)]
MARK = np.uint64(7)  # of the listener's own session, which is among the recent ones
NEVER = [f"never {i}" for i in range(3)]  # in nobody's catalogue, counted nowhere


class Heard(NamedTuple):
    """One play, its track by name."""

    track: str
    started_ms: int
    lasted_ms: int
    skipped: int
    liked: int


class World(NamedTuple):
    """What world hold of tracks, and the workspace that kernels write to."""

    table: TrackTable
    work: Workspace
    recent: RecentPlays


def world_of(seed: int, order: list[str] | None = None) -> World:
    """A world that depends on the seed alone, in a process that met the tracks in some order."""
    world = World(TrackTable(), Workspace(), RecentPlays(2_000))
    for name in order or []:
        world.table.handle(name)
    dice = np.random.default_rng(seed)
    for i, name in enumerate(NAMES):
        world.table.list_track(
            Track(
                name,
                artist_id=None if i % 7 == 0 else f"artist {i % 9}",
                released_ms=None if i % 3 else NOW_MS - int(dice.integers(-5, 400)) * DAY_MS,
                playable=i % 11 != 5,
            )
        )
    known = [*NAMES, "unlisted"]
    events = np.zeros(800, EVENT)
    events["kind"] = dice.integers(0, 3, len(events))
    for field in ("track", "by"):
        events[field] = [world.table.handle(known[i]) for i in dice.integers(0, len(known), len(events))]
    events["steps"] = dice.integers(1, 6, len(events))
    events["at_ms"] = NOW_MS - np.sort(dice.integers(0, 60 * DAY_MS, len(events)))[::-1]
    events["skipped"] = dice.integers(-1, 2, len(events))
    events["share"] = dice.random(len(events))
    world.table.count(bytes_of(events))
    for session in range(100):
        for i in dice.integers(0, len(NAMES) // (1 + session % 3), dice.integers(1, 20)):
            world.recent.append(session, world.table.handle(NAMES[i]), world.table)
    return world


def heard(seed: int, count: int, spread_ms: int = 20 * DAY_MS, until_ms: int = NOW_MS) -> list[Heard]:
    """Plays of one listener in order of start, the last ones close together."""
    dice = np.random.default_rng(seed)
    tracks = [NAMES[i] for i in dice.integers(0, TRACKS // 2, count)]
    for i in range(0, count, 10):
        tracks[i] = NEVER[i % 3]
    before_ms = np.sort((dice.random(count) ** 4 * spread_ms).astype(int))[::-1] + 5 * 60_000
    return [
        Heard(
            track,
            until_ms - int(ago_ms),
            int(dice.integers(0, 5 * 60_000)),
            *dice.integers(-1, 2, 2).tolist(),
        )
        for track, ago_ms in zip(tracks, before_ms, strict=True)
    ]


def plays_of(history: list[Heard], world: World) -> Any:
    """The same plays as rows of dtype PLAY."""
    plays = np.zeros(len(history), PLAY)
    for row, play in zip(plays, history, strict=True):
        row["started_ms"], row["at_ms"] = play.started_ms, play.started_ms + play.lasted_ms
        row["play"] = row["event"] = key_of(repr(play))
        row["track"] = world.table.handle(play.track)
        row["share"] = np.nan
        row["skipped"], row["liked"], row["ended"] = play.skipped, play.liked, 1
    return plays


def recalled(plays: Any, now_ms: int, world: World) -> int:
    """Recall these plays into the workspace; return the stamp of its rows."""
    table, work, recent = world
    stamp = work.next_stamp(table)
    recall(
        plays, now_ms, GAP_MS, table.tracks, table.followers, table.popular, table.clock,
        work.own, work.by_artist, stamp, work.summary,
    )  # fmt: skip
    fold_covisits(
        work.summary, plays, work.own, table.tracks, recent.blocks, recent.clock[0], MARK, work.votes,
        work.voted, stamp,
    )  # fmt: skip
    return stamp
