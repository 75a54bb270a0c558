"""Rows: feedback as numbers; what evidence is folded from, many parts at a time."""

from collections.abc import Sequence
from typing import NamedTuple, NoReturn

import numpy as np

from numeric.arrays import Flags, Floats, Indices, Singles
from topics.feedback import Feedback, FeedbackSlot


class Rows(NamedTuple):
    """What listeners saw of some decisions, in order, and what it earned so far.

    Shapes: at_ms, weight and ends (d,), context (d, C), columns (m, P), the others (m,). The rows of a
    decision end before its place in ``ends``, and begin where those before it end. Context and columns
    both begin with the constant 1 of their side; feature (i, j) of a row is ``context[i] * columns[j]``.
    """

    at_ms: Indices  # each decision's event time, whenever the reward came
    weight: Floats  # in [0, 1]: organic decisions may count less
    ends: Indices
    context: Singles
    columns: Singles
    reward: Floats  # in [0, 1]
    reward_change: Floats  # against the part before; not read where ``first``
    first: Flags  # this slot was in no earlier part


def decision_rows(
    at_ms: int,
    context: Singles,
    columns: Singles,
    reward: Floats,
    reward_change: Floats | None = None,
    first: Flags | None = None,
    weight: float = 1.0,
) -> Rows:
    """Return the rows of one decision with context (C,) and columns (m, P); by default its first part.

    >>> decision_rows(7, np.ones(1, "f4"), np.ones((2, 3), "f4"), np.zeros(2)).ends
    array([2])
    """
    return Rows(
        np.array([at_ms], np.int64),
        np.array([weight], np.float64),
        np.array([len(columns)], np.int64),
        context.reshape(1, len(context)),
        columns,
        reward,
        reward if reward_change is None else reward_change,
        np.full(len(columns), True) if first is None else first,
    )


def rows_of(parts: Sequence[Feedback], organic_weight: float = 1.0) -> Rows:
    """Return the rows of some feedback records, in order.

    A row that stands for w like it is √w times as long, its reward too: in E and b it weighs w.

    Raises ValueError if contexts, or columns, differ in length.

    >>> ones = np.ones(2, "<f4").tobytes()
    >>> slot = FeedbackSlot(0, "t", ones, 0.5, reward=1.0, reward_change=1.0, first=True)
    >>> rows_of([Feedback("d", "m", 7, "recommended", "none", "p", "1", "l", ones, (slot,))]).columns
    array([[1., 1.]], dtype=float32)
    """
    weights = [organic_weight if part.kind == "organic" else 1.0 for part in parts]
    slots = [slot for part in parts for slot in part.slots]
    rewards, changes = [slot.reward for slot in slots], [slot.reward_change for slot in slots]
    told = np.array([*rewards, *changes, *[slot.first for slot in slots]], np.float64).reshape(3, len(slots))
    counts = [len(part.slots) for part in parts]
    rows = _joined(parts, weights, counts, slots, told[0], told[1], told[2] != 0.0)
    each = np.array([slot.weight for slot in slots], np.float64)
    if (each != 1.0).any():
        scale = np.sqrt(each)
        rows.columns[:] *= scale.astype(np.float32)[:, np.newaxis]
        rows.reward[:] *= scale
        rows.reward_change[:] *= scale
    return rows


def skip_rows_of(parts: Sequence[Feedback]) -> Rows | None:
    """Return the rows whose skip verdict becomes known in these parts, with 1 for a skip as their reward.

    None if there is no such row. Raises as `rows_of`.
    """
    telling = [(part, [slot for slot in part.slots if slot.skipped is not None]) for part in parts]
    telling = [(part, slots) for part, slots in telling if slots]
    if not telling:
        return None
    slots = [slot for _, told in telling for slot in told]
    skips = np.array([slot.skipped for slot in slots], np.float64)
    counts = [len(told) for _, told in telling]
    weights = [1.0] * len(telling)
    first = np.full(len(slots), True)
    return _joined([part for part, _ in telling], weights, counts, slots, skips, skips, first)


def _joined(
    parts: Sequence[Feedback],
    weights: list[float],
    counts: list[int],
    slots: list[FeedbackSlot],
    reward: Floats,
    reward_change: Floats,
    first: Flags,
) -> Rows:
    contexts, columns = [part.context for part in parts], [slot.columns for slot in slots]
    if len(set(map(len, contexts))) > 1 or len(set(map(len, columns))) > 1:
        _refuse(parts)
    return Rows(
        np.array([part.at_ms for part in parts], np.int64),
        np.array(weights, np.float64),
        np.cumsum(np.array(counts, np.int64)),
        _table(contexts),
        _table(columns),
        reward,
        reward_change,
        first,
    )


def _table(rows: list[bytes]) -> Singles:
    """Return rows of equal length as one table; writable, so that kernels know one kind of array."""
    table: Singles = np.frombuffer(bytearray().join(rows), "<f4")
    return table.reshape(len(rows), len(rows[0]) // 4 if rows else 0)


def _refuse(parts: Sequence[Feedback]) -> NoReturn:
    context, columns = parts[0].context, next(slot.columns for part in parts for slot in part.slots)
    for part in parts:
        if len(part.context) != len(context):
            raise ValueError(
                f"decision {part.decision_id} has a context of {len(part.context)} bytes, expected "
                f"{len(context)} as in {parts[0].decision_id}: the records mix two layouts"
            )
        for slot in part.slots:
            if len(slot.columns) != len(columns):
                raise ValueError(
                    f"slot {slot.slot} of decision {part.decision_id} has {len(slot.columns)} bytes of "
                    f"columns, expected {len(columns)} as in the first: the records mix two layouts"
                )
    raise AssertionError("all lengths are equal")
