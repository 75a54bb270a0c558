"""Events: rows of dtype EVENT, made where a kernel does not make them itself."""

import numpy as np

from features.track.layout import EVENT, SHOWN
from numeric.arrays import Bytes, Floats, Records
from numeric.jit import kernel


@kernel
def write_shown(event_bytes: Bytes, tracks: Records, earned: Floats, at_ms: int) -> None:
    """Write that tracks (n,) were shown at one moment; ``earned`` has their n rewards, then their n means."""
    events = event_bytes.view(EVENT)
    n = tracks.shape[0]
    for i in range(n):
        event = events[i]
        event.at_ms = at_ms
        event.track = tracks[i]
        event.by = -1
        event.residual = earned[i] - earned[n + i]
        event.share = np.nan
        event.kind = SHOWN
        event.steps = 0
        event.skipped = -1
