"""Warm: every kernel loaded, or compiled, before a partition is ours: a minute's silence loses them all."""

import numpy as np

from numeric.arrays import bytes_of
from numeric.jit import load_compiler
from pipelines.collect import collect, records_of, rows_of
from pipelines.learn import Learner, versions_of
from pipelines.serve import FOREVER_MS, fire_timers, serve
from pipelines.settings import Settings
from pipelines.views import Views
from topics.play import Play
from topics.request import Request

START_MS = 1_735_689_600_000
PLAYS = 12


def warm_up(settings: Settings) -> None:
    """Serve, learn and collect for an invented listener, on views of their own."""
    load_compiler()
    views, learner = Views(settings), Learner(settings)
    state = None
    for k in range(PLAYS):
        at_ms = START_MS + 200_000 * k
        play = Play(f"e{k}", "warm", f"t{k % 5}", at_ms, heard_ms=90_000, length_ms=180_000)
        question = Request(f"r{k}", "warm", at_ms + 100_000, candidates=("t1", "t2", "t3"))
        for record in (play, question):
            done = serve(state, record, views, settings)
            state = done.state
            for events in done.events:
                for sent in records_of(events, views.table):
                    collect(views.table, bytes_of(rows_of(sent, views.table)))
            for feedback in done.feedback:
                learner.learn(feedback)
        if k == PLAYS // 2:
            shard = (learner.evidence, learner.skips)
            views.version, views.skips = versions_of([shard, shard], [1, 1], settings)
    assert state is not None
    fire_timers(state, "warm", FOREVER_MS, views, settings)
    for handle in np.flatnonzero(views.table.tracks["known"]).tolist():
        views.table.take(views.table.facts(handle))
    learner.snapshots()
