"""Skip rate: the share of judged plays that were left early, always, in this session, per track."""

from numeric.arrays import Records
from numeric.jit import kernel


@kernel
def fold(summary: Records, play: Records, own: Records, in_session: bool) -> None:
    """Count one play whose outcome is known."""
    if play.skipped < 0:
        return
    summary.judged += 1
    summary.skips += play.skipped
    own[play.track].skips += play.skipped
    if in_session:
        summary.session_judged += 1
        summary.session_skips += play.skipped


@kernel
def rate(skips: float, judged: float) -> float:
    """Return a skip rate in [0, 1], drawn towards 0.4 by two plays' worth of prior."""
    return (skips + 0.8) / (judged + 2.0)
