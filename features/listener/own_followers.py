"""Own followers: what this listener played after the tracks just heard, the last times round."""

import numpy as np

from numeric.arrays import Records
from numeric.jit import kernel

REACH = 3  # steps on from an earlier play of the newest track


@kernel
def fold(summary: Records, plays: Records, own: Records) -> None:
    """Add up own followers of the newest two tracks; later occasions weigh more.

    ``own_near``: share of occasions on which the track came right after the newest track.
    ``own_far``: within `REACH` steps of it, or two steps after the one before it.
    """
    n = plays.shape[0]
    if n < 2:
        return
    last, second = plays[n - 1].track, plays[n - 2].track
    total = 0.5
    for i in range(n - 1):
        if plays[i].track != last:
            continue
        weight = 1.0 / (1.0 + 0.01 * (n - 1 - i))
        total += weight
        own[plays[i + 1].track].own_near += weight
        for d in range(2, REACH + 1):
            if i + d < n:
                own[plays[i + d].track].own_far += weight / d
    far_total = 0.5 + total
    for i in range(n - 2):
        if plays[i].track == second:
            weight = 1.0 / (1.0 + 0.01 * (n - 1 - i))
            far_total += weight
            own[plays[i + 2].track].own_far += weight
    for i in range(n):
        row = own[plays[i].track]
        if row.ago == n - 1 - i:  # each track once, at its newest play
            row.own_near = np.float32(row.own_near / total)
            row.own_far = np.float32(row.own_far / far_total)
