"""Own rows: what is known of one listener and one track, valid for one recall."""

from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def touch(own: Records, track: int, stamp: int) -> bool:
    """Make a track's row speak of this listener, empty if it did not yet; tell whether it was new."""
    row = own[track]
    if row.stamp == stamp:
        return False
    row.stamp = stamp
    row.near = row.far = row.own_near = row.own_far = 0
    row.covisit = row.matched = row.sequel = 0
    row.plays = row.skips = row.liked = 0
    row.ago = -1
    row.at_ms = -1
    row.session = 0
    return True
