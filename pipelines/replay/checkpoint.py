"""Checkpoint: all that a replay needs to go on after a kill, written in one atomic batch.

Listeners and track facts are written when they changed; what is small (progress, counts, clocks, the
evidence, the version in use) every time.
"""

from itertools import islice

import msgspec
import numpy as np
from msgspec import Struct

from features.track.layout import EVENT
from numeric.arrays import bytes_of
from pipelines.collect import recent_play_of, recent_row_of, records_of, rows_of
from pipelines.failures import Failures
from pipelines.learn import Learner
from pipelines.replay.engine import Delayed, Engine
from pipelines.state_directory import (
    CLOCK_FIELDS,
    EVIDENCE,
    PINNED,
    VERSION,
    Kept,
    Progress,
    in_use,
    kept_key,
    progress_change,
    read_evidence,
    restore_views,
    sealed,
)
from state.envelope import seal, unseal
from state.keys import key, prefix
from state.store import Store
from topics.feedback import Feedback
from topics.recent_play import RecentPlay
from topics.registry import SNAPSHOTS_KEPT
from topics.track_events import TrackEvents


class Waiting(Struct, frozen=True):
    """What is not yet learned because views lag behind."""

    play: int
    feedback: list[Feedback]
    events: list[TrackEvents]
    recent: RecentPlay | None = None


_waiting = msgspec.msgpack.Decoder(Waiting)


def progress_of(
    engine: Engine,
    *,
    run: dict[str, str],
    offset: int,
    mark: str,
    lengths: dict[str, int],
    dead_letters: dict[str, int],
    failures: Failures,
) -> Progress:
    """Return the small part of a checkpoint taken now."""
    table, learner = engine.views.table, engine.learner
    popular, fresh = table.ranked()
    return Progress(
        run=run,
        offset=offset,
        mark=mark,
        lengths=lengths,
        dead_letters=dead_letters,
        failed_in_a_row=failures.in_a_row,
        failed=list(failures.recent),
        plays=engine.plays,
        met=engine.met,
        counts=dict(engine.counts),
        clock={name: int(table.clock[0][name]) for name in CLOCK_FIELDS},
        popular=popular,
        fresh=fresh,
        version=learner.version,
        rows_since=learner.rows_since,
        rows_due=learner.rows_due,
        version_ms=learner.version_ms,
        learning=engine.learning,
        learned=engine.learned,
        recent_clock=(int(engine.views.recent.clock[0]), int(engine.views.recent.clock[1])),
    )


def changes_of(engine: Engine, progress: Progress, listed: list[int]) -> dict[bytes, bytes | None]:
    """Return the batch that takes a store from the last checkpoint to this moment.

    ``listed`` are the handles whose catalogue entry changed.
    """
    table = engine.views.table
    changes = engine.listeners.changes()
    if engine.counted:
        for handle in np.unique(np.concatenate(engine.counted)).tolist():
            changes[key("facts", table.names[handle])] = sealed(table.facts(handle))
        engine.counted.clear()
    for handle in listed:
        changes[key("track", table.names[handle])] = sealed(table.titles[handle])
    changes.update(_recent(engine))
    changes.update(_delayed(engine))
    for name, snapshot in zip(EVIDENCE, engine.learner.snapshots(), strict=True):
        changes[key("run", name)] = sealed(snapshot)
    if engine.unkept:
        changes.update({kept_key(slot): None for slot in range(SNAPSHOTS_KEPT)})
    for rewards, skips in engine.made:
        changes[kept_key(rewards.version)] = sealed(Kept(rewards, skips))
    if engine.made and not engine.pinned:
        changes.update(in_use(Kept(*engine.made[-1])))
    engine.made, engine.unkept = [], False
    changes.update(progress_change(progress))
    return changes


def _recent(engine: Engine) -> dict[bytes, bytes | None]:
    """Return the blocks of recent plays, and the tracks' newest places, that changed since."""
    table, recent = engine.views.table, engine.views.recent
    changes: dict[bytes, bytes | None] = {}
    for row in sorted(recent.changed or ()):
        changes[key("recent", _numbered(row))] = seal(VERSION, recent.stored(row, table))
    for handle in sorted(engine.followed):
        place = int(table.tracks[handle]["newest_place"])
        changes[key("newest", table.names[handle])] = sealed(place)
    if recent.changed is not None:
        recent.changed.clear()
    engine.followed.clear()
    return changes


def _delayed(engine: Engine) -> dict[bytes, bytes | None]:
    """Return what was delayed since the last checkpoint, and deletes for what was learned since."""
    table = engine.views.table
    waiting = range(engine.learned, engine.learned + len(engine.delayed))
    changes: dict[bytes, bytes | None] = {
        key("waiting", _numbered(k)): None for k in engine.stored_delayed if k < waiting.start
    }
    first_new = max(engine.stored_delayed.stop, waiting.start)
    for k, delayed in enumerate(islice(engine.delayed, first_new - waiting.start, None), first_new):
        events = [record for some in delayed.event_bytes for record in records_of(some.view(EVENT), table)]
        recent = None if delayed.recent is None else recent_play_of(delayed.recent, table)
        waits = Waiting(delayed.play, delayed.feedback, events, recent)
        changes[key("waiting", _numbered(k))] = sealed(waits)
    engine.stored_delayed = waiting
    return changes


def restore(engine: Engine, store: Store, progress: Progress) -> None:
    """Put the engine back to where the checkpoint was."""
    restore_views(engine.views, store, progress, engine.settings)
    evidence = read_evidence(store, EVIDENCE, engine.settings)
    if evidence is not None:
        learner = engine.learner = Learner(engine.settings, *evidence, version=progress.version)
        learner.rows_since = progress.rows_since
        learner.rows_due = progress.rows_due
        learner.version_ms = progress.version_ms
    engine.plays, engine.met, engine.learned = progress.plays, progress.met, progress.learned
    engine.counts.update(progress.counts)
    engine.learning = progress.learning
    engine.pinned = store.get(PINNED) is not None
    table = engine.views.table
    for _, value in store.scan(prefix("waiting")):
        waiting = _waiting.decode(unseal(value, VERSION, what="what is not yet learned"))
        events = [bytes_of(rows_of(record, table)) for record in waiting.events]
        recent = None if waiting.recent is None else recent_row_of(waiting.recent, table)
        engine.delayed.append(Delayed(waiting.play, waiting.feedback, events, recent))
    engine.stored_delayed = range(engine.learned, engine.learned + len(engine.delayed))
    engine.schedule_all()


def _numbered(k: int) -> bytes:
    return k.to_bytes(8, "big")  # so that a scan gives them in order
