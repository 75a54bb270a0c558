"""TrackEvent: what happened to one track; what track facts are counted from."""

from typing import Literal

from msgspec import Struct

from topics.ids import Id, TimeMs


class TrackEvent(Struct, frozen=True, omit_defaults=True):
    """A track was heard, was followed by another, or was shown in a slate.

    heard: ``share`` and ``skipped`` as far as they are known. followed: ``by`` some ``steps`` later.
    shown: ``residual`` is the reward it earned there minus the linear mean it was shown for.
    """

    track_id: Id
    kind: Literal["heard", "followed", "shown"]
    at_ms: TimeMs
    artist_id: Id | None = None
    share: float | None = None
    skipped: bool | None = None
    by: Id | None = None
    steps: int = 0
    residual: float = 0.0
