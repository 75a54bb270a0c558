"""Follower: learns from a log while it is judged, as a policy beside the one that ran would have."""

from bandits.version import Version, make_version
from pipelines.learn import Learner, NewerLayout
from pipelines.settings import Settings
from pipelines.views import new_evidence
from pipelines.wrong_options import WrongOptions
from topics.feedback import Feedback

LEARNING = "learning"  # in the place of a snapshot: learn from the log itself


class Follower:
    """Takes the log's feedback in its order; ``version`` is what was learned before the present record.

    A decision is judged before its own feedback is heard, so nothing is judged by what it has taught.
    """

    def __init__(self, settings: Settings, *, want_covariance: bool) -> None:
        self._learner = Learner(settings)
        self._prior = settings.learning.prior
        self._want_covariance = want_covariance
        self.version: Version = make_version([new_evidence(settings)], self._prior)

    def hear(self, feedback: Feedback) -> None:
        """Learn from one record, organic ones too; raises `WrongOptions` for columns of another segue."""
        try:
            due = self._learner.learn(feedback)
        except NewerLayout as error:
            raise WrongOptions(f"@{LEARNING} cannot follow this log: {error}") from None
        if due:
            self._learner.next_version()
            self.version = make_version(
                [self._learner.evidence],
                self._prior,
                name=str(self._learner.version),
                want_covariance=self._want_covariance,
            )
