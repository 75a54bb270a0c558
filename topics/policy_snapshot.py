"""PolicySnapshot: the evidence of one shard of one policy at a known feedback offset."""

from typing import Annotated

from msgspec import Meta, Struct

from topics.ids import TimeMs


class PolicySnapshot(Struct, frozen=True, omit_defaults=True):
    """Evidence (E, b, n) without the prior; enough to rebuild a version and to go on learning.

    ``evidence`` is zlib-compressed little-endian float64: the upper triangle of E by rows, then b.
    Feature (i, j) of x = context ⊗ pair stands at row ``i * len(pair) + j``.
    """

    policy: str
    shard: Annotated[int, Meta(ge=0)]
    version: Annotated[int, Meta(ge=0)]
    layout: str
    context_names: tuple[str, ...]
    pair_names: tuple[str, ...]
    settings: str  # digest of the settings that shaped it
    feedback_offset: int  # last offset it reflects, −1 before the first
    landmark_ms: TimeMs
    newest_ms: TimeMs  # newest decision time in it
    rows: float  # n, the decayed number of rows
    evidence: bytes
    alarms: tuple[tuple[TimeMs, float], ...] = ()  # (rows dated up to, weigh this times as much)
    watch: bytes = b""  # the state of the detector of drift, if one watches
    examples: bytes = b""  # the newest rows themselves, where the policy learns from those
