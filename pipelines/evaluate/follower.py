"""Follower: learns from a log while it is judged, as policies beside the one that ran would have."""

from collections.abc import Mapping

from bandits.policy import Policy
from bandits.river import River
from bandits.river_version import keep_examples, version_for
from bandits.version import Version
from pipelines.learn import Learner, NewerLayout
from pipelines.settings import Settings
from pipelines.wrong_options import WrongOptions
from topics.feedback import Feedback

LEARNING = "learning"  # in the place of a snapshot: learn from the log itself


class Follower:
    """Takes the log's feedback in its order; ``versions`` are what was learned before the present record.

    A decision is judged before its own feedback is heard, so nothing is judged by what it has taught.
    ``policies`` are those that learn, by name. Linear ones share their evidence, a river model's rows
    are kept beside it.
    """

    def __init__(self, settings: Settings, policies: Mapping[str, Policy]) -> None:
        self._learner = Learner(settings)
        rivers = [policy for policy in policies.values() if isinstance(policy, River)]
        if rivers:
            keep_examples(self._learner.evidence, max(rivers, key=lambda policy: policy.examples))
        self._prior = settings.learning.prior
        self._policies = dict(policies)
        self.versions: dict[str, Version] = self._made("0")

    def hear(self, feedback: Feedback) -> None:
        """Learn from one record, organic ones too; raises `WrongOptions` for columns of another segue."""
        try:
            due = self._learner.learn(feedback)
        except NewerLayout as error:
            raise WrongOptions(f"@{LEARNING} cannot follow this log: {error}") from None
        if due:
            self._learner.next_version()
            self.versions = self._made(str(self._learner.version))

    def _made(self, name: str) -> dict[str, Version]:
        return {
            target: version_for(policy, [self._learner.evidence], self._prior, name=name)
            for target, policy in self._policies.items()
        }
