"""Evening: where the day stands, from 6 in the morning (0) to 6 at night (1), UTC."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "share of half a day"


@kernel
def value(now: Records) -> float:
    """Return the distance from six in the morning over twelve hours."""
    minutes_past_six = (now.now_ms // 60_000 - 360) % 1_440
    return 1.0 - abs(minutes_past_six - 720) / 720.0
