"""Rows: one part of a feedback, as arrays that evidence is folded from."""

from typing import NamedTuple, NoReturn

import numpy as np

from numeric.arrays import Flags, Floats, Singles
from topics.feedback import Feedback


class Rows(NamedTuple):
    """What a listener saw of one decision, and what it earned so far.

    Shapes: context (C,), columns (m, P), the others (m,). Context and columns both begin with the
    constant 1 of their side; feature (i, j) of a row is ``context[i] * columns[j]``.
    """

    at_ms: int  # the decision's event time, whenever the reward came
    context: Singles
    columns: Singles
    reward: Floats  # in [0, 1]
    reward_change: Floats  # against the part before; not read where ``first``
    first: Flags  # this slot was in no earlier part


def rows_of(feedback: Feedback) -> Rows:
    """Return the rows of a feedback record.

    Raises ValueError if a slot's columns have another length than those of the slots before it.

    >>> from topics.feedback import FeedbackSlot
    >>> ones = np.ones(2, "<f4").tobytes()
    >>> slot = FeedbackSlot(0, "t", ones, 0.5, reward=1.0, reward_change=1.0, first=True)
    >>> rows_of(Feedback("d", "m", 7, "recommended", "none", "p", "1", "l", ones, (slot,))).columns
    array([[1., 1.]], dtype=float32)
    """
    slots = feedback.slots
    columns = [slot.columns for slot in slots]
    if len(set(map(len, columns))) > 1:
        _refuse(feedback)
    joined = np.frombuffer(bytearray().join(columns), "<f4")  # writable, so that
    context = np.frombuffer(bytearray(feedback.context), "<f4")  # kernels are compiled for one kind of array
    rewards, changes = [slot.reward for slot in slots], [slot.reward_change for slot in slots]
    told = np.array([*rewards, *changes, *[slot.first for slot in slots]], np.float64).reshape(3, len(slots))
    return Rows(
        feedback.at_ms,
        context,
        joined.reshape(len(slots), len(joined) // max(1, len(slots))),
        told[0],
        told[1],
        told[2] != 0.0,
    )


def skip_rows_of(feedback: Feedback, rows: Rows) -> Rows | None:
    """Return those of a feedback's rows whose skip verdict it tells first, with 1 for a skip as their reward.

    None if there is no such row.
    """
    told = [slot for slot in feedback.slots if slot.skipped is not None]
    if not told:
        return None
    columns = np.frombuffer(bytearray().join([slot.columns for slot in told]), "<f4")
    skips = np.array([slot.skipped for slot in told], np.float64)
    return Rows(
        rows.at_ms, rows.context, columns.reshape(len(told), -1), skips, skips, np.full(len(told), True)
    )


def _refuse(feedback: Feedback) -> NoReturn:
    first = feedback.slots[0].columns
    odd = next(slot for slot in feedback.slots if len(slot.columns) != len(first))
    raise ValueError(
        f"slot {odd.slot} of decision {feedback.decision_id} has {len(odd.columns)} bytes of "
        f"columns, expected {len(first)} as in its first: the record mixes two layouts"
    )
