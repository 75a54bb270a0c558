"""Targets: the policies to be judged, and the opinion each has of a logged decision."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bandits import POLICIES
from bandits.evaluation.target import along
from bandits.policy import Policy, as_of
from bandits.prediction import Prediction, predict_mean
from bandits.version import Version
from numeric.arrays import Floats
from pipelines.evaluate.follower import LEARNING, Follower, Learning
from pipelines.evaluate.question import Question
from pipelines.evaluate.snapshots import read_version
from pipelines.settings import Settings, built
from pipelines.wrong_options import WrongOptions


class Target(NamedTuple):
    """A policy, and the version it would decide by."""

    name: str
    policy: Policy
    version: Version | None = None  # frozen; None: it looks at nothing
    learning: bool = False  # its version is what the log has taught so far


def target_of(text: str, settings: Settings) -> Target:
    """Read ``NAME[:FIELD=VALUE,…][@SNAPSHOT]``; the settings' own policy has the settings' fields.

    In the place of a snapshot, ``learning`` lets the policy learn from the log itself as it goes.

    >>> target_of("epsilon_greedy:epsilon=2@state", Settings())
    Traceback (most recent call last):
    ...
    pipelines.wrong_options.WrongOptions: --policy epsilon_greedy:epsilon=2@state:
    Expected `float` <= 1.0 - at `$.epsilon`
    """
    rule, _, snapshot = text.partition("@")
    name, _, fields = rule.partition(":")
    if name not in POLICIES:
        raise WrongOptions(f"--policy is {text!r}, expected one of {', '.join(POLICIES)} before : and @")
    given: dict[str, Any] = {}
    for pair in fields.split(",") if fields else ():
        field, equals, value = pair.partition("=")
        if not equals:
            raise WrongOptions(f"--policy is {text!r}, expected FIELD=VALUE after the colon, got {pair!r}")
        given[field] = value
    try:
        own = name == settings.policy.name and not given
        policy: Policy = settings.policy.build() if own else built(POLICIES[name], given)
    except ValueError as error:
        raise WrongOptions(f"--policy {text}: {error}") from None
    if not snapshot and name != "uniform":
        raise WrongOptions(f"--policy is {text!r}, expected {text}@SNAPSHOT: it draws by what it has learned")
    if not snapshot:
        return Target(text, policy)
    if snapshot == LEARNING:
        return Target(text, policy, learning=True)
    version = read_version(snapshot, settings, policy)
    return Target(text, as_of(policy, version.rows), version)


class Judges:
    """What several targets and one reward model think of a decision."""

    def __init__(
        self,
        targets: Sequence[Target],
        model: Version | Learning | None,
        follower: Follower | None = None,
    ) -> None:
        self._targets = tuple(targets)
        self._model = model
        self._follower = follower
        self._layout: str | None = None  # that all versions were found to read

    def __call__(self, question: Question) -> Floats:
        """Return (policies, 3, K): the ratio of propensities, the model's expectation and its value.

        Raises `WrongOptions` if a version reads columns of another layout.
        """
        layout, _, dice, context, columns, slate, propensity = question
        if layout != self._layout:
            self._check(layout)
        expected, model = np.zeros(len(columns)), self._model
        if model == LEARNING:
            assert self._follower is not None
            model = self._follower.model  # as of now
        if isinstance(model, Version):
            expected = np.clip(predict_mean(model.weights, context, columns), 0.0, 1.0)
        opinions = np.empty((len(self._targets), 3, len(slate)))
        for opinion, (name, policy, version, learning) in zip(opinions, self._targets, strict=True):
            if learning:
                assert self._follower is not None
                version = self._follower.versions[name]  # noqa: PLW2901  as of now
                policy = as_of(policy, version.rows)  # noqa: PLW2901
            if version is None:
                known = Prediction(np.zeros(len(columns)))
            else:
                known = version.predict(context, columns, policy, dice)
            probability, value = along(policy, known, slate, expected)
            opinion[0] = probability / propensity
            opinion[1] = expected[slate]
            opinion[2] = value
        return opinions

    def _check(self, layout: str) -> None:
        newest = {} if self._follower is None else self._follower.versions
        for what, version in (
            *((f"--policy {one.name}", newest.get(one.name, one.version)) for one in self._targets),
            ("--reward-model", self._model if isinstance(self._model, Version) else None),
        ):
            if version is not None and version.layout != layout:
                raise WrongOptions(
                    f"{what} reads columns of layout {version.layout}, the log has {layout}: take a snapshot "
                    "that was learned from such a log"
                )
        self._layout = layout
