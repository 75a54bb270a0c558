"""Evaluation: one pass over a log, and what comes of it."""

from collections.abc import Sequence
from typing import Any

from bandits.version import Version
from pipelines.evaluate.earnings import Earnings
from pipelines.evaluate.follower import Follower, Learning
from pipelines.evaluate.question import DecisionLog
from pipelines.evaluate.targets import Judges, Target


class Evaluation:
    """What several policies would have earned on one log, in the first slot and over whole slates."""

    def __init__(
        self,
        targets: Sequence[Target],
        model: Version | Learning | None,
        slots: int,
        follower: Follower | None = None,
    ) -> None:
        names = [target.name for target in targets]
        self._earnings = Earnings(names, slots, has_model=model is not None)
        self._judges = Judges(targets, model, follower)

    def run(self, log: DecisionLog) -> dict[str, Any]:
        """Judge a log from its start to its end; return the result as JSON has it."""
        for closed in log.closed(self._judges):
            self._earnings.add(closed)
        return self._earnings.result(log.left_out)
