"""Slates in a made-up world where a slot's reward depends on the tracks above it, and the truth is known."""

from itertools import permutations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.evaluation.judged import Judged

GROUPS, TRACKS, SLOTS = 4, 6, 3

Array = NDArray[np.float64]


class SlateWorld(NamedTuple):
    """What a track earns alone, by how much the track above tires of it, two policies, and a wrong model."""

    reward: Array  # (GROUPS, TRACKS)
    tired: Array  # (TRACKS above, TRACKS)
    logging: Array  # (GROUPS, TRACKS) preferences; slots are drawn by softmax over what remains
    target: Array
    model: Array

    def earned(self, group: int, slate: tuple[int, ...]) -> list[float]:
        """Expected reward of each slot, given the slots above."""
        above = (None, *slate[:-1])
        return [
            float(self.reward[group, track] * (1.0 if before is None else self.tired[before, track]))
            for before, track in zip(above, slate, strict=True)
        ]

    def value(self) -> float:
        """What a slate of the target policy truly earns, over all slates there are."""
        total = 0.0
        for group in range(GROUPS):
            for slate in permutations(range(TRACKS), SLOTS):
                chance = float(np.prod([p for p, _ in steps(self.target[group], slate)]))
                total += chance * sum(self.earned(group, slate)) / GROUPS
        return total


def steps(preference: Array, slate: tuple[int, ...]) -> list[tuple[float, Array]]:
    """Each slot's probability and all tracks' shares there, given the slots above."""
    weight, out = np.exp(preference), []
    for track in slate:
        shares = weight / weight.sum()
        out.append((float(shares[track]), shares))
        weight = weight.copy()
        weight[track] = 0.0
    return out


def slate_world_of(seed: int) -> SlateWorld:
    """A world whose target policy has other favourites than the logging one."""
    rng = np.random.default_rng(seed)
    reward = rng.uniform(0.1, 0.9, (GROUPS, TRACKS))
    logging, target = rng.normal(0, 0.5, reward.shape), 2 * reward + rng.normal(0, 0.3, reward.shape)
    model = np.clip(reward + rng.normal(0, 0.1, reward.shape), 0, 1)
    return SlateWorld(reward, rng.uniform(0.4, 1.0, (TRACKS, TRACKS)), logging, target, model)


def slate_log_of(world: SlateWorld, decisions: int, rng: np.random.Generator) -> Judged:
    """Slates that the logging policy drew, as the target policy and the model see them."""
    ratio, reward, expected, value = np.zeros((4, decisions, SLOTS))
    for i in range(decisions):
        group, slate = int(rng.integers(GROUPS)), []
        weight = np.exp(world.logging[group])
        for _ in range(SLOTS):
            slate.append(int(rng.choice(TRACKS, p=weight / weight.sum())))
            weight[slate[-1]] = 0.0
        drawn = tuple(slate)
        logged, target = steps(world.logging[group], drawn), steps(world.target[group], drawn)
        ratio[i] = [q / p for (p, _), (q, _) in zip(logged, target, strict=True)]
        reward[i] = rng.random(SLOTS) < world.earned(group, drawn)
        expected[i] = world.model[group, slate]
        value[i] = [shares @ world.model[group] for _, shares in target]
    return Judged(ratio, reward, expected, value)
