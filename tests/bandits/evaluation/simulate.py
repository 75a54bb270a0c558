"""Logs of a made-up world in which the target policy's true reward is known."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.evaluation.judged import Judged

GROUPS, TRACKS, OFTEN = 8, 10, 4  # OFTEN: decisions of a listener in one log
EFFECT = 0.1  # by how much a listener likes everything more, or less, than the others

Array = NDArray[np.float64]


class World(NamedTuple):
    """Groups of listeners, what each track earns with them, two policies and a model that is wrong."""

    reward: Array  # (GROUPS, TRACKS), in [EFFECT, 1 − EFFECT]
    logging: Array
    target: Array
    model: Array

    @property
    def value(self) -> float:
        """What the target policy's first slot truly earns."""
        return float((self.target * self.reward).sum(axis=1).mean())


def shares(preference: Array, sharpness: float, floor: float) -> Array:
    """Softmax of a preference, with a floor."""
    weight = np.exp(sharpness * preference)
    mixed: Array = (1 - floor) * weight / weight.sum(axis=1, keepdims=True) + floor / weight.shape[1]
    return mixed


def world_of(seed: int, *, sharpness: float = 4.0, floor: float = 0.2) -> World:
    """A world whose target policy is sharper than the logging one and prefers other tracks."""
    rng = np.random.default_rng(seed)
    reward = rng.uniform(EFFECT, 1 - EFFECT, (GROUPS, TRACKS))
    logging = shares(reward + rng.normal(0, 0.3, reward.shape), sharpness, floor)
    target = shares(reward + rng.normal(0, 0.2, reward.shape), 2 * sharpness, 0.02)
    model = np.clip(reward + rng.normal(0, 0.15, reward.shape) + 0.05, 0, 1)
    return World(reward, logging, target, model)


def log_of(world: World, decisions: int, rng: np.random.Generator) -> tuple[Judged, NDArray[np.uint64]]:
    """Decisions of the logging policy as the target sees them, and whose they are."""
    listener = np.repeat(np.arange(decisions // OFTEN), OFTEN)
    likes = rng.choice([-EFFECT, EFFECT], decisions // OFTEN)[listener]
    group = rng.integers(GROUPS, size=decisions // OFTEN)[listener]
    drawn = world.logging[group].cumsum(axis=1) < rng.random((len(listener), 1))
    track = drawn[:, :-1].sum(axis=1)
    earned = rng.random(len(listener)) < world.reward[group, track] + likes
    judged = Judged(
        ratio=world.target[group, track] / world.logging[group, track],
        reward=earned.astype(float),
        expected=world.model[group, track],
        value=(world.target * world.model).sum(axis=1)[group],
    )
    names = rng.integers(2**63, size=decisions // OFTEN, dtype=np.uint64)[listener]
    return Judged(*(part[:, None] for part in judged)), names
