"""Outcome: what became of a play, from whatever its producer knows of it."""

import math
from typing import NamedTuple

from bandits.reward import reward
from pipelines.settings import Settings
from topics.play import Play


class Outcome(NamedTuple):
    """Heard share (nan where unknown), verdict (−1 unknown, else 0 or 1), and whether the play is over."""

    share: float
    skipped: int
    ended: int


def outcome_of(play: Play, catalogue_length_ms: int, settings: Settings) -> Outcome:
    """Return a play's outcome; the client's own verdict comes before the heard share.

    >>> outcome_of(Play("e", "ann", "t", 0, heard_ms=30_000, length_ms=120_000), 0, Settings())
    Outcome(share=0.25, skipped=1, ended=1)
    >>> outcome_of(Play("e", "ann", "t", 0), 0, Settings())
    Outcome(share=nan, skipped=-1, ended=0)
    """
    length_ms = play.length_ms or catalogue_length_ms
    share = math.nan
    if play.heard_ms is not None and length_ms:
        share = min(play.heard_ms / length_ms, 1.0)
    elif play.end_reason == "trackdone" and play.skipped is not True:
        share = 1.0
    if play.skipped is not None:
        skipped = int(play.skipped)
    elif math.isnan(share):
        skipped = -1
    else:
        skipped = int(share < settings.sessions.skip_share)
    ended = play.heard_ms is not None or play.end_reason is not None or skipped >= 0
    return Outcome(share, skipped, int(ended))


def reward_of(stands: tuple[float, int, int, int], settings: Settings) -> float:
    """Return what a play has earned so far; ``stands`` is (share, skipped, liked, ended).

    >>> reward_of((math.nan, -1, 0, 0), Settings()) == Settings().rewards.worth.started
    True
    """
    share, skipped, liked, ended = stands
    return reward(
        None if math.isnan(share) else share,
        None if skipped < 0 else bool(skipped),
        liked,
        bool(ended),
        settings.rewards.worth,
    )
