"""EvaluationStart: from where on plays count for the quality: a share of the log, or a time."""

from datetime import UTC, datetime

from msgspec import Struct

TIMES_MS = range(100_000_000_000, 4_102_444_800_001)  # 1973 to 2100; smaller ones would be seconds


class EvaluationStart(Struct, frozen=True):
    """The first play that counts; by default the very first."""

    share: float = 0.0  # of all plays, in [0, 1]
    at_ms: int = 0
    play: int | None = 0  # number of the first one by share; None until the log's length is known

    def reached(self, play: int, at_ms: int) -> bool:
        """Return whether a play counts; ``play`` is its number in the log, from 0."""
        if self.play is None:
            raise ValueError(
                "a share needs the log's length: call after_plays() with the number of plays first"
            )
        return play >= self.play and at_ms >= self.at_ms

    def after_plays(self, plays: int) -> "EvaluationStart":
        """Return the start in a log of so many plays.

        >>> evaluation_start("0.7").after_plays(1_000).play
        700
        """
        return EvaluationStart(self.share, self.at_ms, int(self.share * plays))


def evaluation_start(text: str) -> EvaluationStart:
    """Read ``--evaluate-from``: a share of the plays, a date or time (UTC unless it says), or milliseconds.

    >>> evaluation_start("2025-01-01").at_ms, evaluation_start("0.7").share
    (1735689600000, 0.7)
    >>> evaluation_start("7")
    Traceback (most recent call last):
    ...
    ValueError: evaluate-from is '7', expected a share of the plays in [0, 1] such as 0.7,
    or a time such as 2025-01-31
    """
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if 0.0 <= number <= 1.0:
        return EvaluationStart(share=number, play=0 if number == 0.0 else None)
    if text.isdecimal() and int(text) in TIMES_MS:
        return EvaluationStart(at_ms=int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        wanted = "a share of the plays in [0, 1] such as 0.7, or a time such as 2025-01-31"
        raise ValueError(f"evaluate-from is {text!r}, expected {wanted}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return EvaluationStart(at_ms=int(moment.timestamp() * 1000))
