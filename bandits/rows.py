"""Rows: one part of a feedback, as arrays that evidence is folded from."""

from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

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
    for slot in slots:
        if len(slot.columns) != len(slots[0].columns):
            raise ValueError(
                f"slot {slot.slot} of decision {feedback.decision_id} has {len(slot.columns)} bytes of "
                f"columns, expected {len(slots[0].columns)} as in its first: the record mixes two layouts"
            )
    joined = np.frombuffer(bytearray().join([slot.columns for slot in slots]), "<f4")  # writable, so that
    context = np.frombuffer(bytearray(feedback.context), "<f4")  # kernels are compiled for one kind of array
    return Rows(
        feedback.at_ms,
        context,
        joined.reshape(len(slots), len(joined) // max(1, len(slots))),
        np.array([slot.reward for slot in slots], np.float64),
        np.array([slot.reward_change for slot in slots], np.float64),
        np.array([slot.first for slot in slots], np.bool_),
    )


def skip_rows_of(feedback: Feedback) -> Rows | None:
    """Return the rows whose skip verdict becomes known in this part, with 1 for a skip as their reward.

    None if there is no such row.
    """
    told = tuple(slot for slot in feedback.slots if slot.skipped is not None)
    if not told:
        return None
    verdicts = np.array([slot.skipped for slot in told], np.float64)
    rows = rows_of(replace(feedback, slots=told))
    return rows._replace(reward=verdicts, reward_change=verdicts, first=np.ones(len(told), np.bool_))
