"""Session repeats: whether this session runs over known ground."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share"


@kernel
def value(now: Records) -> float:
    """Return the share of this session's plays whose track was heard before; 0.5 at its start."""
    return (now.session_repeats + 0.5) / (now.session_plays + 1.0)
