"""Shrink: the least of a script that still shows the same failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from tests.faults.simulator.run import play
from tests.faults.simulator.script import Script

T = TypeVar("T")


def shrink(script: Script, wrong: str, *, runs_max: int = 400) -> Script:
    """Drop faults, then records, while the run still fails for the same reason; at most so many runs."""
    left = runs_max

    def fails(candidate: Script) -> bool:
        nonlocal left
        left -= 1
        return left >= 0 and play(candidate).wrong == wrong

    faults = least(script.faults, lambda kept: fails(replace(script, faults=tuple(kept))))
    script = replace(script, faults=tuple(faults))
    events = least(script.events, lambda kept: fails(replace(script, events=tuple(kept))))
    return replace(script, events=tuple(events))


def least(items: Sequence[T], holds: Callable[[Sequence[T]], bool]) -> Sequence[T]:
    """Drop items, many at a time, then one by one, as long as ``holds`` is true of the rest.

    >>> least(range(20), lambda kept: 3 in kept and 17 in kept)
    [3, 17]

    Source: Zeller & Hildebrandt (2002), "Simplifying and isolating failure-inducing input", simplified.
    """
    kept = list(items)
    size = max(len(kept) // 2, 1)
    while kept:
        at, dropped = 0, False
        while at < len(kept):
            candidate = kept[:at] + kept[at + size :]
            if holds(candidate):
                kept, dropped = candidate, True
            else:
                at += size
        if size == 1 and not dropped:
            break
        size = max(size // 2, 1) if size > 1 else 1
    return kept
