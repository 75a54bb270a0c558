"""Is newest: whether this is the very track that was played last."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(track: int, own: Records, tracks: Records, by_artist: Records, now: Records) -> float:
    """Return 1 if it is, else 0."""
    return 1.0 if track == now.last else 0.0
