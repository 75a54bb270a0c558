"""Follower: learns from a log while it is judged, as policies beside the one that ran would have."""

from collections.abc import Mapping
from typing import Literal

from bandits.policy import Policy
from bandits.river import River
from bandits.river_version import keep_examples, version_for
from bandits.version import Version, make_version
from pipelines.learn import Learner, NewerLayout
from pipelines.settings import Settings
from pipelines.wrong_options import WrongOptions
from topics.feedback import Feedback

Learning = Literal["learning"]
LEARNING: Learning = "learning"  # in the place of a snapshot: learn from the log itself


class Follower:
    """Takes the log's feedback in its order; ``versions`` are what was learned before the present record.

    A decision is judged before its own feedback is heard, so nothing is judged by what it has taught.
    ``policies`` are those that learn, by name. Linear ones share their evidence, a river model's rows
    are kept beside it. ``model`` is what they expect without a policy: as a reward model it makes no
    estimate biased, since it never knows of the decision that it is asked about.
    """

    def __init__(self, settings: Settings, policies: Mapping[str, Policy]) -> None:
        self._learner = Learner(settings)
        rivers = [policy for policy in policies.values() if isinstance(policy, River)]
        if rivers:
            keep_examples(self._learner.evidence, max(rivers, key=lambda policy: policy.examples))
        self._prior = settings.learning.prior
        self._policies = dict(policies)
        self._make("0")

    def hear(self, feedback: Feedback) -> None:
        """Learn from one record, organic ones too; raises `WrongOptions` for columns of another segue."""
        try:
            due = self._learner.learn(feedback)
        except NewerLayout as error:
            raise WrongOptions(f"@{LEARNING} cannot follow this log: {error}") from None
        if due:
            self._learner.next_version()
            self._make(str(self._learner.version))

    def _make(self, name: str) -> None:
        shards = [self._learner.evidence]
        self.model: Version = make_version(shards, self._prior, name=name, want_covariance=False)
        self.versions: dict[str, Version] = {
            target: version_for(policy, shards, self._prior, name=name)
            for target, policy in self._policies.items()
        }
