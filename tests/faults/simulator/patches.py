"""Patches: what of the worker's code runs otherwise inside a simulation, and why."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from bandits import version as version_room
from bandits.evidence import Evidence
from bandits.version import Version
from pipelines.faust_worker.partition import Partition
from state.checkpoint import Effect

POLL_MS, VIEW_MS = 2_000, 400  # whoever has nothing to read looks again less often: that is cheaper


class _Remembered:
    """zlib that remembers: several pack and unpack the same evidence in a run."""

    error = zlib.error
    compress = staticmethod(lru_cache(maxsize=64)(zlib.compress))
    decompress = staticmethod(lru_cache(maxsize=64)(zlib.decompress))


_versions: dict[Any, Version] = {}


def _remembered_version(evidences: Sequence[Evidence], prior: float = 1.0, **options: Any) -> Version:
    """`make_version` that remembers: every worker makes the same version of the same snapshots."""
    name = options.pop("name", "0")
    known = (
        (prior, *sorted(options.items())),
        tuple((e.pairs.tobytes(), e.total.tobytes(), e.landmark_ms, e.newest_ms, e.rows) for e in evidences),
    )
    if known not in _versions:
        if len(_versions) > 40:
            _versions.clear()
        _versions[known] = version_room.make_version(evidences, prior, **options)
    return _renamed(_versions[known], name)


def _renamed(version: Version, name: str) -> Version:
    import msgspec

    return msgspec.structs.replace(version, name=name)


@contextmanager
def simulated() -> Iterator[None]:
    """Put the patches on for the time of a run."""
    performed = Partition._effect

    async def struck(self: Partition, effect: Effect) -> Any:
        """Ask first whether a fault waits for this effect."""
        await self._machine.before(self, effect)  # type: ignore[attr-defined]
        return await performed(self, effect)

    with (
        patch.object(Partition, "_effect", struck),
        patch("pipelines.faust_worker.intake.POLL_MS", POLL_MS),
        patch("pipelines.faust_worker.views_reader.WAIT_MS", VIEW_MS),
        patch("bandits.snapshot.zlib", _Remembered),
        patch("pipelines.views.make_version", _remembered_version),
        patch("pipelines.learn.make_version", _remembered_version),
    ):
        yield
