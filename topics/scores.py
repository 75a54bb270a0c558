"""Scores and Decision: what was chosen for a listener, and everything needed to judge it later."""

from msgspec import Struct

from topics.ids import Id, TimeMs


class Why(Struct, frozen=True, omit_defaults=True, gc=False):
    """One additive term of a score's linear predictor."""

    term: str  # the column's name
    contribution: float


class ScoredTrack(Struct, frozen=True, omit_defaults=True, gc=False):
    """One slot: its track, what it is expected to earn, and how likely it was to be drawn here."""

    track_id: Id
    score: float  # calibrated expected reward in [0, 1], 6 significant digits
    propensity: float  # in (0, 1], given the slots above
    source: str  # the candidate source that proposed it first
    p_skip: float | None = None  # probability that it would be skipped
    why: tuple[Why, ...] = ()


class Scores(Struct, frozen=True, omit_defaults=True, gc=False):
    """The slate for one listener; ``cause`` names the play or the request it answers."""

    decision_id: Id
    listener_id: Id
    at_ms: TimeMs
    surface: str
    cause: Id
    policy: str
    policy_version: str
    slate: tuple[ScoredTrack, ...]
    reason: str | None = None  # why the slate is empty
    repeatable: bool = True


class Decision(Struct, frozen=True, omit_defaults=True):
    """Scores together with all candidates as the policy saw them.

    ``context`` and ``columns`` are little-endian float32 (base64 in JSON, so they round-trip
    exactly): shapes (context,) and (candidates, columns); ``layout`` names their order.
    """

    scores: Scores
    layout: str
    context: bytes
    candidates: tuple[Id, ...]
    sources: tuple[str, ...]
    columns: bytes
