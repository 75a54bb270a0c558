"""State directory: what a run leaves in a store for others to begin with, whoever ran it.

Listeners, the catalogue, track facts, what was learned, and how far the run came.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from bandits.evidence import Evidence
from bandits.merge import realigned
from bandits.snapshot import evidence_of
from pipelines.learn import versions_of
from pipelines.settings import DAY_MS, LIVE, Settings
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES, Views
from pipelines.wrong_options import WrongOptions
from state.envelope import seal, unseal
from state.keys import key, prefix
from state.rocks import open_store
from state.store import Store
from topics.ids import name_of
from topics.policy_snapshot import PolicySnapshot
from topics.registry import SNAPSHOTS_KEPT
from topics.track import Track
from topics.track_facts import TrackFacts

VERSION = 1
EVIDENCE = ("evidence", "skip-evidence")
IN_USE = ("version", "skip-version")  # the evidence that the versions in use were made of
PINNED = key("run", "pinned")  # there while the version in use shall stay
CLOCK_FIELDS = ("popularity_landmark", "follower_landmark")
HIDDEN = "mark_key"
SHAPES_VIEWS = ("facts.", "learning.half_life_days")
"""Units of the numbers inside views: another run that pins them must have the same. Columns are realigned."""


class Kept(NamedTuple):
    """One version: the evidence of rewards and of skips that it was made of."""

    rewards: PolicySnapshot
    skips: PolicySnapshot


class Progress(Struct, frozen=True):
    """The small part of a checkpoint."""

    run: dict[str, str]  # what the outcome depended on
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
    recent_clock: tuple[int, int] = (0, 0)  # number of the newest block of recent plays, plays so far


_encoder = msgspec.msgpack.Encoder()
_progress = msgspec.msgpack.Decoder(Progress)
_facts = msgspec.msgpack.Decoder(TrackFacts)
_track = msgspec.msgpack.Decoder(Track)
_snapshot = msgspec.msgpack.Decoder(PolicySnapshot)
_place = msgspec.msgpack.Decoder(int)
_kept = msgspec.msgpack.Decoder(Kept)


@contextmanager
def opened(state: Path) -> Iterator[Store]:
    """Open a state directory that is there; raises `WrongOptions` for any other, which stays as it is."""
    if not state.is_dir():
        raise WrongOptions(
            f"the state directory is {state}, expected one that segue replay LOG --state {state} has made"
        )
    strange = WrongOptions(f"{state} holds no replay's state, expected that of segue replay LOG --state")
    if not (state / "CURRENT").is_file():  # RocksDB would make a store of it
        raise strange
    store = open_store(state)
    try:
        if read_progress(store) is None:
            raise strange
        yield store
    finally:
        store.close()


def read_progress(store: Store) -> Progress | None:
    """Return how far the run in this store came, None if it is empty."""
    value = store.get(key("run", "progress"))
    return None if value is None else _progress.decode(unseal(value, VERSION, what="how far the run came"))


def progress_change(progress: Progress) -> dict[bytes, bytes | None]:
    """Return the change that writes the small part alone."""
    return {key("run", "progress"): sealed(progress)}


def kept_key(version: int) -> bytes:
    """Return where a version is kept: the one 24 later takes its place."""
    return key("version", bytes((version % SNAPSHOTS_KEPT,)))


def in_use(kept: Kept) -> dict[bytes, bytes | None]:
    """Return the changes that put a kept version in use."""
    return {key("run", name): sealed(snapshot) for name, snapshot in zip(IN_USE, kept, strict=True)}


def learned(kept: Kept) -> dict[bytes, bytes | None]:
    """Return the changes after which learning goes on from a kept version."""
    return {key("run", name): sealed(snapshot) for name, snapshot in zip(EVIDENCE, kept, strict=True)}


def read_kept(store: Store) -> list[Kept]:
    """Return the versions that are kept, oldest first."""
    values = (value for _, value in store.scan(prefix("version")))
    found = [_kept.decode(unseal(value, VERSION, what="a kept version")) for value in values]
    return sorted(found, key=lambda kept: kept.rewards.version)


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
    newest = prefix("newest")
    views.recent.clock[:] = progress.recent_clock
    views.recent.restore(
        (unseal(value, VERSION, what="recent plays") for _, value in store.scan(prefix("recent"))),
        (
            (
                table.handle(name[len(newest) :].decode()),
                _place.decode(unseal(value, VERSION, what="a place")),
            )
            for name, value in store.scan(newest)
        ),
        table,
    )
    version, evidence = version_in_use(store), read_evidence(store, IN_USE, settings)
    if version is not None and evidence is not None:
        views.version, views.skips = versions_of([evidence], [version], settings)


def version_in_use(store: Store) -> int | None:
    """Return the number of the version in use, None if there is none yet."""
    value = store.get(key("run", IN_USE[0]))
    return None if value is None else _snapshot.decode(unseal(value, VERSION, what="the version")).version


def evidence_in_use(store: Store, settings: Settings) -> tuple[int, Evidence] | None:
    """Return the version in use and the evidence of rewards it was made of, None if there is none."""
    version, evidence = version_in_use(store), read_evidence(store, IN_USE, settings)
    return None if version is None or evidence is None else (version, evidence[0])


def read_evidence(
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


def check_views(before: Mapping[str, str], settings: Settings, views: Path | None) -> None:
    """Raise `WrongOptions` if the run that made views counted in other units than this one."""
    now = flat_settings(settings)
    differ = [
        f"  {name} is {now.get(name)}, was {value} when they were made"
        for name, value in sorted(before.items())
        if name.startswith(SHAPES_VIEWS) and now.get(name) != value
    ]
    if differ:
        raise WrongOptions("\n".join([f"the views in {views} cannot be read with these settings:", *differ]))


def flat_settings(settings: Settings) -> dict[str, str]:
    """Return every setting that may touch an outcome by its full name; of a secret only a digest."""
    return dict(_flat("", settings.model_dump(mode="json", exclude=set(LIVE))))


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{name}.", value)
        elif name == HIDDEN:
            yield name, "digest " + name_of(HIDDEN, str(value))
        else:
            yield prefix + name, str(value)


def _half_life_ms(settings: Settings) -> int:
    return int(settings.learning.half_life_days * DAY_MS)


def sealed(value: Struct | Kept | int) -> bytes:
    """Return a record in its stored form."""
    return seal(VERSION, _encoder.encode(value))
