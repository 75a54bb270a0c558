"""Session length: how far into the session we are."""

from numeric.arrays import Records
from numeric.exact import log
from numeric.jit import kernel

UNIT = "log plays"


@kernel
def value(now: Records) -> float:
    """Return log(1 + plays in this session) / 4."""
    return log(1.0 + now.session_plays) / 4.0
