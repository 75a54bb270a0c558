"""Repeats: how often, how lately and whether in this session a track was heard before."""

from features.listener.own import touch
from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def fold(summary: Records, play: Records, own: Records, stamp: int, ago: int, in_session: bool) -> None:
    """Count one play; ``ago`` is the number of plays after it."""
    if touch(own, play.track, stamp):
        summary.distinct += 1
    else:
        summary.repeats += 1
        if in_session:
            summary.session_repeats += 1
    row = own[play.track]
    row.plays += 1
    row.ago = ago
    row.at_ms = play.at_ms
    if play.liked != 0:
        row.liked = play.liked
    if in_session:
        row.session = min(row.session + 1, 255)
