"""Cold: where the engine ranks a track that nobody has played yet, among all such tracks."""

import numpy as np
import numpy.typing as npt

from pipelines.decide import describe
from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.replay.engine import Engine
from pipelines.replay.predictions import rank_of
from pipelines.settings import load_settings
from state.rocks import open_store

PLAYS = 20_000
TOP = 10


def first_plays() -> dict[str, float]:
    """Return how often the demo's first play of a track was among the best ten of those never played.

    And how often ten of them at random would have held it. The first half of the log only teaches.
    """
    settings = load_settings(None)
    engine = Engine(settings, open_store(None))
    table = engine.views.table
    hits = chance = count = taken = 0.0
    world = World(WorldSettings())
    for track in world.catalogue():
        table.list_track(track)
    for record in world.log(PLAYS):
        taken += 1
        handle, state = table.handle(record.track_id), engine.listeners.get(record.listener_id)
        out = table.tracks["released_ms"] <= record.started_ms
        unheard = np.flatnonzero((table.tracks["known"] == 1) & (table.tracks["first_heard_ms"] < 0) & out)
        if taken > PLAYS / 2 and state is not None and handle in unheard:
            cold: npt.NDArray[np.int32] = unheard.astype(np.int32)
            context, columns = describe(
                state.play_bytes, record.listener_id, record.started_ms, cold, engine.views, settings
            )
            means = engine.views.version.predict(context, columns, engine.views.policy, 0).mean
            hits += rank_of(handle, cold, means) < TOP
            chance += min(TOP / len(cold), 1.0)
            count += 1
        for _ in engine.fire_due(record.at_ms):
            pass
        engine.take(record)
    return {"hr@10": hits / count, "at_random": chance / count, "plays": count}
