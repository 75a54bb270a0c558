"""What a log of decisions gives, whoever wrote it: questions, and later what came of them."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

from numeric.arrays import Floats, Indices, Singles
from pipelines.wrong_options import WrongOptions


class WrongLog(ValueError):
    """A log cannot be judged; says where (file and line), which field, what came, what was expected."""

    def __init__(self, source: str, line: int, detail: str) -> None:
        super().__init__(f"{source}, line {line}: {detail}; nothing was judged")


class Question(NamedTuple):
    """One decision before anybody knew what would come of it: m candidates, K slots drawn."""

    layout: str  # of the columns
    listener: int  # 64-bit name of who asked
    dice: int  # key of the decision's dice, for policies that draw from a posterior
    context: Singles  # (C,)
    columns: Singles  # (m, P)
    slate: Indices  # (K,), places among the candidates
    propensity: Floats  # (K,), each in (0, 1], given the slots above


class Closed(NamedTuple):
    """A decision whose rewards are known, with the opinions that were formed when it was read."""

    opinions: Floats  # (policies, 3, K): ratio, expected, value, as in `bandits.evaluation.judged`
    reward: Floats  # (K,), in [0, 1]
    listener: int
    propensity: float  # of the first slot
    attribution: str  # how its plays were found: decision_id, track or none


Judge = Callable[[Question], Floats]
"""Forms an opinion (policies, 3, K) at once, so that no log has to keep a decision's columns."""


def asked(judge: Judge, question: Question, source: str, line: int) -> Floats:
    """Return a judge's opinions; what it cannot read is `WrongLog`, what it cannot judge its own error."""
    try:
        return judge(question)
    except WrongOptions:
        raise
    except ValueError as error:
        raise WrongLog(source, line, str(error)) from None


class DecisionLog(Protocol):
    """A log of decisions, read once from its start."""

    left_out: Counter[str]  # decisions that were not judged, by reason

    def closed(self, judge: Judge) -> Iterator[Closed]:
        """Yield every decision whose rewards are known; raises `WrongLog` for the first bad line."""
