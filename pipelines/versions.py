"""Versions kept in a state directory: which there are, and putting one of them in use again."""

from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from pipelines import state_directory
from pipelines.state_directory import PINNED, Kept, opened
from pipelines.wrong_options import WrongOptions
from state.store import Store


class Listed(NamedTuple):
    """What a state directory keeps of its policy."""

    kept: list[Kept]  # oldest first
    in_use: int | None
    pinned: bool


def listed(state: Path) -> Listed:
    """Return the kept versions, and which is in use."""
    with opened(state) as store:
        in_use, pinned = state_directory.version_in_use(store), store.get(PINNED) is not None
        return Listed(state_directory.read_kept(store), in_use, pinned)


def kept_version(state: Path, version: int) -> Kept:
    """Return one of the kept versions."""
    with opened(state) as store:
        return _find(store, version, state)


def pin(state: Path, version: int) -> None:
    """Let a kept version decide from here on, whatever is learned, until it is unpinned."""
    with opened(state) as store:
        store.write(state_directory.in_use(_find(store, version, state)) | {PINNED: b"1"})


def unpin(state: Path) -> None:
    """Let the next version that is made decide again, and all later ones."""
    with opened(state) as store:
        store.write({PINNED: None})


def roll_back(state: Path, version: int) -> None:
    """Put a kept version in use, and forget what was learned since: learning goes on from it.

    Later versions get new numbers, so a number never means two things.
    """
    with opened(state) as store:
        kept, done = _find(store, version, state), state_directory.read_progress(store)
        assert done is not None
        since = replace(done, rows_since=0, version_ms=kept.rewards.newest_ms)
        changes = state_directory.in_use(kept) | state_directory.learned(kept) | {PINNED: None}
        store.write(changes | state_directory.progress_change(since))


def _find(store: Store, version: int, state: Path) -> Kept:
    kept = state_directory.read_kept(store)
    for one in kept:
        if one.rewards.version == version:
            return one
    there = ", ".join(str(one.rewards.version) for one in kept) or "none"
    raise WrongOptions(f"version {version} is not kept in {state}, expected one of {there}")
