"""Weekend: Saturday or Sunday, UTC."""

from numeric.arrays import Records
from numeric.jit import kernel

UNIT = "flag"


@kernel
def value(now: Records) -> float:
    """Return 1 on Saturday and Sunday, else 0."""
    day = (now.now_ms // 86_400_000 + 3) % 7  # 1970 began on a Thursday: 0 is Monday
    return 1.0 if day >= 5 else 0.0
