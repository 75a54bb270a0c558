"""Earnings: what closed decisions say of several policies, as sums that merge, and what comes of them."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.evaluation import FIRST_SLOT, NEEDS_MODEL, SLATE
from bandits.evaluation.estimate import (
    Estimate,
    Interval,
    difference_of,
    doubts,
    effective_size,
    estimates_of,
    spread_of,
)
from bandits.evaluation.inverse_propensity import Ips
from bandits.evaluation.judged import Judged
from bandits.evaluation.sums import Sums
from numeric.arrays import Floats
from pipelines.evaluate.question import Closed

BATCH = 256
LOGGED = "as logged"


class Earnings:
    """What several policies would have earned on one log, in the first slot and over whole slates.

    Sums only: memory does not grow with the log, and parts of a log may be judged apart and merged.
    ``targets`` are the policies' names; ``has_model`` says whether their opinions hold expectations.
    """

    def __init__(self, targets: Sequence[str], slots: int, *, has_model: bool) -> None:
        usable = [name for name in FIRST_SLOT if has_model or name not in NEEDS_MODEL]
        self.slate_names = [name for name in SLATE if slots > 1 and (has_model or name not in NEEDS_MODEL)]
        self.names = [*usable, *self.slate_names]
        estimators = [(FIRST_SLOT | SLATE)[name] for name in self.names]
        self.targets = tuple(targets)
        self.slots = slots
        self.sums = [Sums(estimators) for _ in targets]
        self.logged = Sums([Ips(), SLATE["rips"]])  # with ratios of 1 they are means of what was earned
        self.propensity_min = 1.0
        self.attributed: dict[str, Floats] = {}  # decisions, reward, then ratio × reward of each policy
        self._waiting: list[Closed] = []

    def add(self, closed: Closed) -> None:
        """Add one decision whose rewards are known."""
        self._waiting.append(closed)
        if len(self._waiting) == BATCH:
            self._settle()

    def merge(self, other: "Earnings") -> None:
        """Add what another part of the log said of the same policies."""
        self._settle()
        other._settle()
        for sums, more in zip([*self.sums, self.logged], [*other.sums, other.logged], strict=True):
            sums.merge(more)
        self.propensity_min = min(self.propensity_min, other.propensity_min)
        for name, found in other.attributed.items():
            self.attributed[name] = self.attributed.get(name, np.zeros(2 + len(self.targets))) + found

    def _settle(self) -> None:
        """Add what waits to the sums."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        count = len(waiting)
        reward = np.zeros((count, self.slots))
        opinions = np.zeros((len(self.targets), 3, count, self.slots))
        opinions[:, 0] = 1.0  # a slot that is not there says nothing
        for i, closed in enumerate(waiting):
            width = len(closed.reward)
            reward[i, :width] = closed.reward
            opinions[:, :, i, :width] = closed.opinions
        listeners = np.array([closed.listener for closed in waiting], np.uint64)
        for sums, (ratio, expected, value) in zip(self.sums, opinions, strict=True):
            sums.add(Judged(ratio, reward, expected, value), listeners)
        ones = np.ones_like(reward)
        self.logged.add(Judged(ones, reward, ones, ones), listeners)
        self.propensity_min = min(self.propensity_min, *(closed.propensity for closed in waiting))
        weighted = opinions[:, 0, :, 0] * reward[:, 0]
        for i, closed in enumerate(waiting):
            found = self.attributed.setdefault(closed.attribution, np.zeros(2 + len(self.targets)))
            found += (1.0, reward[i, 0], *weighted[:, i])

    def result(self, left_out: Counter[str]) -> dict[str, Any]:
        """Return what comes of it as JSON has it; ``left_out`` are decisions not judged, by reason."""
        self._settle()
        lead = self.names[self._lead]
        return {
            "decisions": self.logged.decisions,
            "left_out": dict(sorted((+left_out).items())),
            "slots": self.slots,
            "propensity_min": self.propensity_min,
            "logged": dict(zip(("first_slot", "slate"), map(_told, self._logged()), strict=True)),
            "policies": {
                target: self._told_of(sums) for target, sums in zip(self.targets, self.sums, strict=True)
            },
            "differences": {
                "estimator": lead,
                LOGGED: {
                    target: _told(self._beyond_logged(sums))
                    for target, sums in zip(self.targets, self.sums, strict=True)
                },
                **{
                    one: {
                        other: _told(difference_of(theirs, ours, self._lead))
                        for other, theirs in zip(self.targets[k + 1 :], self.sums[k + 1 :], strict=True)
                    }
                    for k, (one, ours) in enumerate(zip(self.targets[:-1], self.sums, strict=False))
                },
            },
            "attribution": {name: self._parts(found) for name, found in sorted(self.attributed.items())},
        }

    @property
    def _lead(self) -> int:
        """The estimator to compare by: doubly robust where there is a model, else self-normalised."""
        return self.names.index("dr" if "dr" in self.names else "snips")

    def _logged(self) -> list[Estimate]:
        return estimates_of(self.logged, 1.0)

    def _beyond_logged(self, sums: Sums) -> Estimate:
        """By how much a policy earns more than the one that ran, in the first slot."""
        value = sums.estimates()[self._lead] - self.logged.estimates()[0]
        spread = spread_of(sums.replicated()[:, self._lead] - self.logged.replicated()[:, 0])
        return Estimate(float(value), *spread, Interval(math.nan, math.nan))

    def _told_of(self, sums: Sums) -> dict[str, Any]:
        estimates = dict(zip(self.names, estimates_of(sums, self.propensity_min), strict=True))
        told: dict[str, Any] = {
            "first_slot": {name: _told(found) for name, found in estimates.items() if name in FIRST_SLOT},
            "effective_size": effective_size(sums.weights[0]),
            "doubts": doubts(sums),
        }
        if self.slate_names:
            told["slate"] = {name: _told(estimates[name]) for name in self.slate_names}
            told["slate_effective_size"] = effective_size(sums.weights[1])
            told["slate_doubts"] = doubts(sums, kind=1)
        return told

    def _parts(self, found: Floats) -> dict[str, Any]:
        """What decisions of one attribution add to the self-normalised estimates; they sum to the whole."""
        weights = [sums.weights[0, 0] for sums in self.sums]
        return {
            "decisions": int(found[0]),
            "logged": float(found[1]) / self.logged.decisions,
            "snips": {
                target: float(part / weight) if weight else None
                for target, part, weight in zip(self.targets, found[2:], weights, strict=True)
            },
        }


def _told(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON has it."""
    return {
        "value": _or_null(estimate.value),
        "error": _or_null(estimate.error),
        "interval": [_or_null(end) for end in estimate.interval],
        "bernstein": [_or_null(end) for end in estimate.bernstein],
    }


def _or_null(number: float) -> float | None:
    """JSON knows no nan."""
    return None if math.isnan(number) else number
