"""Reward: what a play says about the choice of its track, as one number in [0, 1]."""

from typing import Annotated

from msgspec import Meta, Struct

from bandits.ranges import check_ranges

Worth = Annotated[float, Meta(ge=0, le=1)]


class RewardSettings(Struct, frozen=True):
    """What each way for a play to end is worth.

    >>> RewardSettings(unknown=1.5)
    Traceback (most recent call last):
    ...
    ValueError: unknown must be in [0, 1], got 1.5
    """

    started: Annotated[Worth, Meta(description="of a play whose end is not known yet")] = 0.5
    unknown: Annotated[
        Worth, Meta(description="of a play that ended unskipped, heard for who knows how long")
    ] = 0.7
    skipped: Annotated[Worth, Meta(description="of a skipped play, times the share that was heard")] = 0.3
    complete_from: Annotated[
        float, Meta(gt=0, le=1, description="heard share from which a play is worth 1")
    ] = 0.9
    liked: Annotated[Worth, Meta(description="that a play is worth at least, if the listener liked it")] = 1.0

    def __post_init__(self) -> None:
        check_ranges(self)


DEFAULTS = RewardSettings()


def reward(
    share: float | None,
    skipped: bool | None,
    liked: int,
    ended: bool,
    settings: RewardSettings = DEFAULTS,
) -> float:
    """Return the reward in [0, 1] of a play; a track seen and not played has earned 0 without asking.

    ``share`` is the heard share in [0, 1] and ``skipped`` the verdict on it, each None if unknown;
    ``liked`` is −1, 0 or 1; what is known of an end counts only once the play has ``ended``.
    Never less for a larger share, nor for a like.

    >>> reward(share=0.95, skipped=False, liked=0, ended=True)
    1.0
    >>> reward(share=0.2, skipped=True, liked=0, ended=True)
    0.06
    >>> reward(share=None, skipped=None, liked=0, ended=False)
    0.5
    >>> reward(share=1.0, skipped=False, liked=-1, ended=True)
    0.0
    """
    if liked < 0:
        return 0.0
    if not ended:
        worth = settings.started
    elif skipped:
        worth = settings.skipped * (share or 0.0)
    elif share is None:
        worth = settings.unknown
    else:
        worth = min(1.0, share / settings.complete_from)
    return max(worth, settings.liked) if liked > 0 else worth
