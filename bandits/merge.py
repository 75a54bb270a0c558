"""Merging evidence of several shards, and giving evidence other columns."""

from collections.abc import Sequence

import numpy as np

from bandits.evidence import Evidence
from bandits.kronecker import weigh


def merged(evidences: Sequence[Evidence]) -> Evidence:
    """Return the sum of shards (or of days), dated from the newest landmark among them.

    Alarms belong to their shards: the sum holds what they did, and none of them. Raises ValueError if
    there is nothing to merge, or if layouts, columns or half-lives differ.

    >>> day = Evidence("l", ("one",), ("one",))
    >>> merged([day, day]).rows
    0.0
    """
    if not evidences:
        raise ValueError("no evidence to merge, expected that of one shard or more")
    first = evidences[0]
    for other in evidences[1:]:
        for name in ("layout", "context_names", "pair_names", "half_life_ms"):
            if getattr(other, name) != getattr(first, name):
                raise ValueError(
                    f"shards differ in {name}: {getattr(first, name)!r} and {getattr(other, name)!r}; "
                    "align them first (bandits.merge.realigned), half-lives must be the same"
                )
    out = Evidence(first.layout, first.context_names, first.pair_names, first.half_life_ms)
    out.landmark_ms = max(evidence.landmark_ms for evidence in evidences)
    out.newest_ms = max(evidence.newest_ms for evidence in evidences)
    for evidence in evidences:
        scale = weigh(evidence.landmark_ms, out.landmark_ms, out.half_life_ms)
        out.pairs[:] += scale * evidence.pairs
        out.total[:] += scale * evidence.total
        out.rows += scale * evidence.rows
    return out


def realigned(
    evidence: Evidence, layout: str, context_names: tuple[str, ...], pair_names: tuple[str, ...]
) -> Evidence:
    """Return the evidence with these columns: a new one enters with zeros, a missing one is left out.

    Both are exact: what remains is what would have been learned without the column, or with it at 0.

    >>> old = Evidence("l1", ("one",), ("one", "popular"))
    >>> realigned(old, "l2", ("one", "hour"), ("one", "fresh", "popular")).total.shape
    (2, 3)
    """
    out = Evidence(layout, context_names, pair_names, evidence.half_life_ms)
    out.rows, out.alarms = evidence.rows, evidence.alarms
    out.landmark_ms, out.newest_ms = evidence.landmark_ms, evidence.newest_ms
    context_new, context_old = _shared(context_names, evidence.context_names)
    pair_new, pair_old = _shared(pair_names, evidence.pair_names)
    out.total[np.ix_(context_new, pair_new)] = evidence.total[np.ix_(context_old, pair_old)]
    rows_new, rows_old = _pairs(context_new), _pairs(context_old)
    columns_new, columns_old = _pairs(pair_new), _pairs(pair_old)
    out.pairs[np.ix_(rows_new, columns_new)] = evidence.pairs[np.ix_(rows_old, columns_old)]
    if evidence.examples is not None:
        out.examples = evidence.examples.realigned(
            (context_new, context_old), (pair_new, pair_old), *out.total.shape
        )
    return out


def _shared(new: tuple[str, ...], old: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Return the places of the shared names in new and in old, in the order of new."""
    shared = [name for name in new if name in old]
    return [new.index(name) for name in shared], [old.index(name) for name in shared]


def _pairs(places: list[int]) -> list[int]:
    """Return where the pairs of these places stand, place by place with all before it."""
    return [
        max(i, j) * (max(i, j) + 1) // 2 + min(i, j) for at, i in enumerate(places) for j in places[: at + 1]
    ]
