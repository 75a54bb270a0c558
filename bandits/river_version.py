"""A version whose means are a river model's, and the version that a policy decides by."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec.structs import asdict

from bandits.evidence import Evidence
from bandits.examples import Example, Examples
from bandits.policy import Policy
from bandits.prediction import Prediction
from bandits.river import River
from bandits.version import Version, make_version
from numeric import dice
from numeric.arrays import Floats, Singles
from topics.ids import key_of

LOWEST, HIGHEST = -1.0, 2.0  # rewards are in [0, 1]; a model that went astray can still tell an order


class RiverVersion(Version, frozen=True, eq=False):
    """A river model that was shown all examples once, in the order of their decisions.

    Its x names every context number and every column but the two constants; weights and rows are those
    of the linear regression on the same feedback, which goes on beside it.
    """

    model: Any
    names: tuple[str, ...]

    def predict(self, context: Singles, columns: Singles, policy: Policy, key: int = 0) -> Prediction:  # noqa: ARG002
        """Return what the model expects of candidates (m,) with these columns (m, P); `Version.predict`."""
        self.check(context, columns)
        return Prediction(self._means(context, columns))

    def contributions(self, context: Singles, columns: Singles) -> Floats:
        """Return by how much each column's being there moves the mean, the first all that is left (P,)."""
        candidates = np.tile(columns, (len(columns), 1))
        np.fill_diagonal(candidates[1:, 1:], 0.0)
        means = self._means(context, candidates)
        terms: Floats = means[0] - means
        terms[0] = means[0] - terms[1:].sum()
        return terms

    def _means(self, context: Singles, columns: Singles) -> Floats:
        shared = context[1:].tolist()
        means = [
            self.model.predict_one(dict(zip(self.names, shared + own, strict=True)))
            for own in columns[:, 1:].tolist()
        ]
        return np.clip(np.array(means, np.float64), LOWEST, HIGHEST)


def version_for(
    policy: Policy, evidences: Sequence[Evidence], prior: float = 1.0, *, name: str = "0"
) -> Version:
    """Return the version by which a policy decides, of the evidence of all shards.

    Raises as `make_version`; a river model's own errors are ValueError too.
    """
    wants_covariance = policy.wants_variance or policy.draws > 0
    version = make_version(evidences, prior, name=name, want_covariance=wants_covariance)
    if not isinstance(policy, River):
        return version
    names = (*version.context_names[1:], *(f"column {name}" for name in version.pair_names[1:]))
    model = policy.new_model()
    for example, weight in _in_order(evidences, policy.examples):
        x = dict(zip(names, example.context[1:].tolist() + example.columns[1:].tolist(), strict=True))
        try:
            for _ in range(_times(example, weight)):
                model.learn_one(x, example.reward)
        except (ArithmeticError, ValueError) as error:
            raise ValueError(f"{policy.model} cannot learn from {example}: {error}") from error
    return RiverVersion(**asdict(version), model=model, names=names)


def keep_examples(evidence: Evidence, policy: Policy) -> None:
    """Let evidence keep the rows that a policy learns from, and no more; those it has stay."""
    if not isinstance(policy, River):
        evidence.examples = None
    elif evidence.examples is None:
        evidence.examples = Examples(policy.examples, *evidence.total.shape)
    else:
        evidence.examples.limit = policy.examples


def _in_order(evidences: Sequence[Evidence], limit: int) -> list[tuple[Example, float]]:
    """Return the examples of all shards in the order of decisions, with weights that heed each's alarms."""
    found = [
        (example, example.weight * _after_alarms(evidence, example.at_ms))
        for evidence in evidences
        if evidence.examples is not None
        for example in evidence.examples.newest(limit)
    ]
    return sorted(found, key=lambda one: (one[0].at_ms, one[0].context.tobytes(), one[0].columns.tobytes()))


def _after_alarms(evidence: Evidence, at_ms: int) -> float:
    factor = 1.0
    for until_ms, weighs in evidence.alarms:
        if at_ms <= until_ms:
            factor *= weighs
    return factor


def _times(example: Example, weight: float) -> int:
    """Return how often the model sees an example: ``weight`` times on average, by a die of its own.

    Not every model of river knows weights, and a step that is twenty times as long may lead astray.
    """
    whole = int(weight)
    die = key_of(f"{example.at_ms} {example.columns.tobytes().hex()}")
    return whole + (dice.uniform(np.uint64(die), 0) < weight - whole)
