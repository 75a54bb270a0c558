"""Ours, in its two forms: weights shared by all arms over their columns, or an evidence for each arm."""

import numpy as np

from bandits.evidence import Evidence
from bandits.lin_ucb import LinUcb
from bandits.policy import Policy, as_of
from bandits.prediction import Prediction
from bandits.rows import Rows, decision_rows
from bandits.slate import draw
from bandits.version import Version, make_version
from numeric.arrays import Floats, Singles
from tests.peers.streams import HOUR_MS, Round, Stream

ONE = np.ones((1, 1), np.float32)


def names(prefix: str, count: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{k}" for k in range(count))


def row(at_ms: int, context: Floats, columns: Floats | Singles, reward: float) -> Rows:
    return decision_rows(at_ms, context.astype(np.float32), columns.astype(np.float32), np.array([reward]))


class OurArms:
    """An evidence and a version for each arm: for arms that have nothing in common but the context."""

    def __init__(
        self, stream: Stream, policy: Policy, seed: int, prior: float = 1.0, half_life: int = 0
    ) -> None:
        depth = len(stream.rounds[0].context)
        self.policy, self.seed, self.prior = policy, seed, prior
        self.covariance = policy.wants_variance or policy.draws > 0
        self.evidences = [
            Evidence("arms", names("c", depth), ("one",), half_life * HOUR_MS) for _ in range(stream.arms)
        ]
        self.versions = [self._version(evidence) for evidence in self.evidences]
        self.half_life = half_life
        self.round = 0

    def _version(self, evidence: Evidence) -> Version:
        return make_version([evidence], self.prior, want_covariance=self.covariance)

    def decide(self, asked: Round) -> int:
        self.round += 1
        context, key = asked.context.astype(np.float32), (self.seed << 32) + self.round
        known = [self._known(arm, context, (key << 10) + arm) for arm in asked.arms.tolist()]
        mean = np.concatenate([one.mean for one in known])
        variance = np.concatenate([one.variance for one in known])
        deviations = np.concatenate([one.deviations for one in known], axis=1)
        return int(draw(self.policy, Prediction(mean, variance, deviations), 1, key).chosen[0])

    def _known(self, arm: int, context: Singles, key: int) -> Prediction:
        """What an arm's own version says of it; its bound fades with what that one has learned."""
        version, policy = self.versions[arm], self.policy
        known = version.predict(context, ONE, policy, key)
        if not isinstance(policy, LinUcb):
            return known
        faded = policy.at(version.rows).alpha / policy.alpha
        return known._replace(variance=faded**2 * known.variance)

    def learn(self, asked: Round, place: int, reward: float) -> None:
        arm = int(asked.arms[place])
        evidence = self.evidences[arm]
        evidence.fold(row(self.round * HOUR_MS, asked.context, ONE, reward))
        self.versions[arm] = self._version(evidence)


class OurShared:
    """As the engine plays: one evidence over context ⊗ columns, a version when a quarter has been added."""

    def __init__(
        self,
        stream: Stream,
        policy: Policy,
        seed: int,
        prior: float = 1.0,
        half_life: int = 0,
        rows_max: int = 4_000,
    ) -> None:
        first = stream.rounds[0]
        self.policy, self.seed, self.prior, self.rows_max = policy, seed, prior, rows_max
        self.covariance = policy.wants_variance or policy.draws > 0
        depth, width = len(first.context), first.columns.shape[1]
        self.evidence = Evidence("shared", names("c", depth), names("p", width), half_life * HOUR_MS)
        self.version = self._version()
        self.round = self.since = 0

    def _version(self) -> Version:
        return make_version([self.evidence], self.prior, want_covariance=self.covariance)

    def decide(self, asked: Round) -> int:
        self.round += 1
        key = (self.seed << 32) + self.round
        context, columns = asked.context.astype(np.float32), asked.columns.astype(np.float32)
        policy = as_of(self.policy, self.version.rows)
        known = self.version.predict(context, columns, policy, key)
        return int(draw(policy, known, 1, key).chosen[0])

    def learn(self, asked: Round, place: int, reward: float) -> None:
        columns = asked.columns[place : place + 1]
        self.evidence.fold(row(self.round * HOUR_MS, asked.context, columns, reward))
        self.since += 1
        if self.since >= min(self.rows_max, max(10.0, self.evidence.rows / 4)):
            self.version, self.since = self._version(), 0
