"""Histories made by the pipeline, and what is in them beside what a replay leaves."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from features.track.table import STORED_FOLLOWER
from pipelines.beam_job.history import History, run
from pipelines.beam_job.shards import shards_of
from pipelines.cli_beam import beam_flags
from pipelines.listener import restore_listener, store_listener
from pipelines.listeners import body_of
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import Settings
from pipelines.state_directory import read_progress, restore_views
from pipelines.timers import with_due
from pipelines.views import Views
from state.keys import prefix
from state.rocks import open_store

SETTINGS = Settings()
COUNTED = ("plays", "skips", "judged", "follow_near", "follow_far")


def history_of(
    paths: list[Path], folder: Path, *, name: str = "history", workers: int = 1, **wanted: Any
) -> dict[str, Any]:
    """Run the pipeline over some files; the state directory is ``folder / name``."""
    (parts := folder / f"{name}.parts").mkdir()
    shards = shards_of([str(path) for path in paths], "auto", {})
    return run(History(shards, folder / name, str(parts), **wanted), SETTINGS, beam_flags([], workers))


def replayed(log: Path, state: Path, **wanted: Any) -> dict[str, Any]:
    """Run a replay that asks nothing on its own; its state directory is ``state``."""
    return Replay(Options(str(log), state=state, ask_openers=False, **wanted), SETTINGS).run()


def listeners_in(path: Path) -> dict[str, bytes]:
    """Each listener's stored state, but for what waits for plays: of that a history has nothing."""
    views, store = views_in(path), open_store(path)
    start = prefix("listener")
    try:
        found = {}
        for name, value in store.scan(start):
            state = restore_listener(body_of(value, "theirs"), views.table.handle)
            bare = with_due(replace(state, pending=(), contrasts=None), SETTINGS)
            found[name[len(start) :].decode()] = store_listener(bare, views.table.names)
    finally:
        store.close()
    return found


def views_in(path: Path) -> Views:
    """The views that a state directory holds."""
    store, views = open_store(path), Views(SETTINGS)
    try:
        done = read_progress(store)
        assert done is not None
        restore_views(views, store, done, SETTINGS)
    finally:
        store.close()
    return views


def assert_same_facts(ours: Views, theirs: Views) -> int:
    """Compare all tracks that have been counted; return how many."""
    clocks = [views.table.clock[0] for views in (ours, theirs)]
    landmark, following = (
        2.0 ** float(clocks[0][name] - clocks[1][name])
        for name in ("popularity_landmark", "follower_landmark")
    )
    compared = 0
    for name in theirs.table.names:
        known = theirs.table.facts(theirs.table.handle(name))
        if known.first_heard_ms is None:
            continue
        compared += 1
        found = ours.table.facts(ours.table.handle(name))
        for field in COUNTED:
            factor = following if field.startswith("follow") else landmark
            assert getattr(found, field) * factor == pytest.approx(getattr(known, field), rel=1e-9)
        assert found.first_heard_ms == known.first_heard_ms
        assert found.artist_id == known.artist_id
        near, far = (
            {int(row["key"]): (row["near"], row["far"]) for row in np.frombuffer(packed, STORED_FOLLOWER)}
            for packed in (found.followers, known.followers)
        )
        assert near.keys() == far.keys()
        for key, values in near.items():
            assert np.multiply(values, following) == pytest.approx(far[key], rel=1e-4, abs=1e-6)
    return compared
