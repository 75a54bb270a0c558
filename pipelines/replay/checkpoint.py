"""Checkpoint: all that a replay needs to go on after a kill, written in one atomic batch.

Listeners and track facts are written when they changed; what is small (progress, counts, clocks, the
evidence, the version in use) every time.
"""

from itertools import islice
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec import Struct

from bandits.evidence import Evidence
from bandits.merge import realigned
from bandits.snapshot import evidence_of
from pipelines.collect import records_of, rows_of
from pipelines.failures import Failures
from pipelines.learn import Learner, versions_of
from pipelines.replay.engine import Delayed, Engine
from pipelines.settings import DAY_MS, Settings
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES, Views
from state.envelope import seal, unseal
from state.keys import key, prefix
from state.store import Store
from topics.feedback import Feedback
from topics.policy_snapshot import PolicySnapshot
from topics.registry import SNAPSHOTS_KEPT
from topics.track import Track
from topics.track_event import TrackEvent
from topics.track_facts import TrackFacts

VERSION = 1
EVIDENCE = ("evidence", "skip-evidence")
IN_USE = ("version", "skip-version")  # the evidence that the versions in use were made of
PINNED = key("run", "pinned")  # there while the version in use shall stay
CLOCK_FIELDS = ("popularity_landmark", "follower_landmark")


class Waiting(Struct, frozen=True):
    """What is not yet learned because views lag behind."""

    play: int
    feedback: list[Feedback]
    events: list[list[TrackEvent]]


class Kept(NamedTuple):
    """One version: the evidence of rewards and of skips that it was made of."""

    rewards: PolicySnapshot
    skips: PolicySnapshot


class Progress(Struct, frozen=True):
    """The small part of a checkpoint."""

    run: dict[str, str]  # see `identity`: only the same run may go on from here
    offset: int  # last offset whose effects are in here
    mark: str  # digest of the record there
    lengths: dict[str, int]  # of the output files
    dead_letters: dict[str, int]
    failed_in_a_row: int
    failed: list[int]
    plays: int
    met: int
    counts: dict[str, int]
    clock: dict[str, int]
    popular: list[str]
    fresh: list[str]
    version: int
    rows_since: int
    rows_due: float
    version_ms: int
    learning: bool
    learned: int


_encoder = msgspec.msgpack.Encoder()
_progress = msgspec.msgpack.Decoder(Progress)
_facts = msgspec.msgpack.Decoder(TrackFacts)
_track = msgspec.msgpack.Decoder(Track)
_snapshot = msgspec.msgpack.Decoder(PolicySnapshot)
_kept = msgspec.msgpack.Decoder(Kept)
_waiting = msgspec.msgpack.Decoder(Waiting)


def read_progress(store: Store) -> Progress | None:
    """Return how far the run in this store came, None if it is empty."""
    value = store.get(key("run", "progress"))
    return None if value is None else _progress.decode(unseal(value, VERSION, what="the replay's progress"))


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
    )


def changes_of(engine: Engine, progress: Progress, listed: list[int]) -> dict[bytes, bytes | None]:
    """Return the batch that takes a store from the last checkpoint to this moment.

    ``listed`` are the handles whose catalogue entry changed.
    """
    table = engine.views.table
    changes = engine.listeners.changes()
    if engine.counted:
        for handle in np.unique(np.concatenate(engine.counted)).tolist():
            changes[key("facts", table.names[handle])] = _sealed(table.facts(handle))
        engine.counted.clear()
    for handle in listed:
        changes[key("track", table.names[handle])] = _sealed(table.titles[handle])
    changes.update(_delayed(engine))
    for name, snapshot in zip(EVIDENCE, engine.learner.snapshots(), strict=True):
        changes[key("run", name)] = _sealed(snapshot)
    if engine.unkept:
        changes.update({kept_key(slot): None for slot in range(SNAPSHOTS_KEPT)})
    for rewards, skips in engine.made:
        changes[kept_key(rewards.version)] = _sealed(Kept(rewards, skips))
    if engine.made and not engine.pinned:
        changes.update(in_use(Kept(*engine.made[-1])))
    engine.made, engine.unkept = [], False
    changes.update(progress_change(progress))
    return changes


def progress_change(progress: Progress) -> dict[bytes, bytes | None]:
    """Return the change that writes the small part alone."""
    return {key("run", "progress"): _sealed(progress)}


def kept_key(version: int) -> bytes:
    """Return where a version is kept: the one 24 later takes its place."""
    return key("version", bytes((version % SNAPSHOTS_KEPT,)))


def in_use(kept: Kept) -> dict[bytes, bytes | None]:
    """Return the changes that put a kept version in use."""
    return {key("run", name): _sealed(snapshot) for name, snapshot in zip(IN_USE, kept, strict=True)}


def learned(kept: Kept) -> dict[bytes, bytes | None]:
    """Return the changes after which learning goes on from a kept version."""
    return {key("run", name): _sealed(snapshot) for name, snapshot in zip(EVIDENCE, kept, strict=True)}


def read_kept(store: Store) -> list[Kept]:
    """Return the versions that are kept, oldest first."""
    values = (value for _, value in store.scan(prefix("version")))
    found = [_kept.decode(unseal(value, VERSION, what="a kept version")) for value in values]
    return sorted(found, key=lambda kept: kept.rewards.version)


def _delayed(engine: Engine) -> dict[bytes, bytes | None]:
    """Return what was delayed since the last checkpoint, and deletes for what was learned since."""
    table = engine.views.table
    waiting = range(engine.learned, engine.learned + len(engine.delayed))
    changes: dict[bytes, bytes | None] = {
        key("waiting", _numbered(k)): None for k in engine.stored_delayed if k < waiting.start
    }
    first_new = max(engine.stored_delayed.stop, waiting.start)
    for k, delayed in enumerate(islice(engine.delayed, first_new - waiting.start, None), first_new):
        events = [records_of(rows, table) for rows in delayed.events]
        changes[key("waiting", _numbered(k))] = _sealed(Waiting(delayed.play, delayed.feedback, events))
    engine.stored_delayed = waiting
    return changes


def restore(engine: Engine, store: Store, progress: Progress) -> None:
    """Put the engine back to where the checkpoint was."""
    restore_views(engine.views, store, progress, engine.settings)
    evidence = _read_evidence(store, EVIDENCE, engine.settings)
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
        events = [rows_of(records, table) for records in waiting.events]
        engine.delayed.append(Delayed(waiting.play, waiting.feedback, events))
    engine.stored_delayed = range(engine.learned, engine.learned + len(engine.delayed))
    engine.schedule_all()


def restore_views(views: Views, store: Store, progress: Progress, settings: Settings) -> None:
    """Fill the views from a store: the catalogue, the facts, and the version that was in use."""
    table = views.table
    for name in CLOCK_FIELDS:
        table.clock[0][name] = progress.clock[name]
    for _, value in store.scan(prefix("track")):
        table.list_track(_track.decode(unseal(value, VERSION, what="a catalogue entry")))
    for _, value in store.scan(prefix("facts")):
        table.take(_facts.decode(unseal(value, VERSION, what="a track's facts")))
    table.restore_ranked(progress.popular, progress.fresh)
    version, evidence = version_in_use(store), _read_evidence(store, IN_USE, settings)
    if version is not None and evidence is not None:
        views.version, views.skips = versions_of([evidence], [version], settings)


def version_in_use(store: Store) -> int | None:
    """Return the number of the version in use, None if there is none yet."""
    value = store.get(key("run", IN_USE[0]))
    return None if value is None else _snapshot.decode(unseal(value, VERSION, what="the version")).version


def evidence_in_use(store: Store, settings: Settings) -> tuple[int, Evidence] | None:
    """Return the version in use and the evidence of rewards it was made of, None if there is none."""
    version, evidence = version_in_use(store), _read_evidence(store, IN_USE, settings)
    return None if version is None or evidence is None else (version, evidence[0])


def _read_evidence(
    store: Store, names: tuple[str, str], settings: Settings
) -> tuple[Evidence, Evidence] | None:
    """Return the evidence of rewards and of skips under these names, None if there is none yet."""
    found = []
    for name in names:
        value = store.get(key("run", name))
        if value is None:
            return None
        snapshot = _snapshot.decode(unseal(value, VERSION, what=f"the {name}"))
        evidence = evidence_of(snapshot, _half_life_ms(settings))
        if evidence.layout != LAYOUT:  # columns came or went since: what the others learned stays
            evidence = realigned(evidence, LAYOUT, CONTEXT_NAMES, PAIR_NAMES)
        found.append(evidence)
    return found[0], found[1]


def _numbered(k: int) -> bytes:
    return k.to_bytes(8, "big")  # so that a scan gives them in order


def _half_life_ms(settings: Settings) -> int:
    return int(settings.learning.half_life_days * DAY_MS)


def _sealed(value: Struct | Kept) -> bytes:
    return seal(VERSION, _encoder.encode(value))
