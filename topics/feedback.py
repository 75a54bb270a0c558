"""Feedback: a decision joined with what it earned; what policies learn from."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from topics.ids import Id, TimeMs

Probability = Annotated[float, Meta(gt=0, le=1)]
Reward = Annotated[float, Meta(ge=0, le=1)]


class FeedbackSlot(Struct, frozen=True, omit_defaults=True, gc=False):
    """One slot that the listener saw, and what it earned so far."""

    slot: Annotated[int, Meta(ge=0)]
    track_id: Id
    columns: bytes  # little-endian float32, in the order that the layout names
    propensity: Probability | None  # null if and only if the feedback is organic
    reward: Reward
    reward_change: float = 0.0  # against the part before; equals ``reward`` where ``first``
    first: bool = False  # this slot was not in an earlier part
    skipped: bool | None = None  # in the one part in which it becomes known
    weight: Annotated[float, Meta(gt=0)] = 1.0  # of a contrast: how many unplayed candidates it stands for


class Feedback(Struct, frozen=True, omit_defaults=True, gc=False):
    """One part of what a decision earned. Parts count up from 0; the last is ``final``.

    ``at_ms`` is the decision's event time. Only slots that are new or whose reward changed stand in
    a part. An organic feedback is a play that nobody recommended, with unplayed contrasts.
    """

    decision_id: Id
    listener_mark: str  # keyed hash of the listener, for erasure
    at_ms: TimeMs
    kind: Literal["recommended", "organic", "erased"]
    attribution: Literal["decision_id", "track", "none"]
    policy: str
    policy_version: str
    layout: str
    context: bytes  # little-endian float32
    slots: tuple[FeedbackSlot, ...]
    part: Annotated[int, Meta(ge=0)] = 0
    final: bool = False
