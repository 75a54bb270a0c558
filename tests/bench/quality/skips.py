"""Skips: mean average accuracy on the second halves of sessions, as the skip prediction challenge has it.

Of the first half of a session everything is known, of the second only the tracks; all its verdicts are
foretold at once. Average accuracy is the mean over places of (accuracy so far) · (this one is right):
Brost, Mehrotra & Jehan (2019), "The Music Streaming Sessions Dataset", section 4.
"""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pipelines.decide import describe
from pipelines.importers import read_log
from pipelines.replay.engine import Engine
from pipelines.serve import serve
from pipelines.settings import load_settings
from state.rocks import open_store
from topics.ids import key_of
from topics.play import Play


def average_accuracy(right: Iterable[bool]) -> float:
    """Return one session's average accuracy.

    >>> average_accuracy([True, False, True])
    0.5555555555555555
    """
    hits = total = places = 0.0
    for is_right in right:
        places += 1
        hits += is_right
        total += is_right * hits / places
    return total / places


def mean_average_accuracy(folder: Path) -> dict[str, float]:
    """Return MAA after learning from 70 % of the sessions, by hash; beside it that of the last verdict."""
    sessions: dict[str, list[Play]] = defaultdict(list)
    for entry in read_log(str(folder / "mssd_sessions.csv.gz")):
        if isinstance(entry.record, Play):
            sessions[entry.record.listener_id].append(entry.record)
    settings = load_settings(None)
    engine = Engine(settings, open_store(None))
    views = engine.views
    for name, plays in sessions.items():
        if key_of(name) % 10 < 7:
            for play in plays:
                engine.take(play)
    for _ in engine.finish():
        pass
    ours, repeated = [], []
    for name, plays in sessions.items():
        if key_of(name) % 10 < 7:
            continue
        half = len(plays) // 2
        state = None
        for play in plays[:half]:
            state = serve(state, play, views, settings, answering=False).state
        assert state is not None
        tracks = np.array([views.table.handle(play.track_id) for play in plays[half:]], np.int32)
        asked_ms = plays[half].started_ms
        context, columns = describe(state.play_bytes, name, asked_ms, tracks, views, settings)
        foretold = [(views.skips.probability(context, row) or 0.0) >= 0.5 for row in columns]
        verdicts, last = [play.skipped for play in plays[half:]], plays[half - 1].skipped
        ours.append(average_accuracy(one == came for one, came in zip(foretold, verdicts, strict=True)))
        repeated.append(average_accuracy(last == came for came in verdicts))
    return {"maa": float(np.mean(ours)), "repeat_last": float(np.mean(repeated)), "sessions": len(ours)}
