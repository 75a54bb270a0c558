"""Night: where the day stands, from noon (0) to midnight (1), UTC."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share of half a day"


@kernel
def value(now: Records) -> float:
    """Return the distance from noon over twelve hours."""
    return abs((now.now_ms // 60_000) % 1_440 - 720) / 720.0
