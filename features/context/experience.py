"""Experience: how much is known of this listener."""

from numeric.arrays import Records
from numeric.exact import log
from numeric.jit import kernel

UNIT = "log plays"


@kernel
def value(now: Records) -> float:
    """Return log(1 + kept plays) / 7."""
    return log(1.0 + now.plays) / 7.0
