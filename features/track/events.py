"""Events: rows of dtype EVENT, made where a kernel does not make them itself."""

import numpy as np

from features.track.layout import EVENT, SHOWN
from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def shown(tracks: Records, rewards: Records, means: Records, at_ms: int) -> Records:
    """Return that these tracks (n,) were shown at one moment, and what each earned beyond its mean."""
    events = np.empty(tracks.shape[0], EVENT)
    for i in range(tracks.shape[0]):
        event = events[i]
        event.at_ms = at_ms
        event.track = tracks[i]
        event.by = -1
        event.residual = rewards[i] - means[i]
        event.share = np.nan
        event.kind = SHOWN
        event.steps = 0
        event.skipped = -1
    return events
