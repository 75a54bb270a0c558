"""Slate: slots drawn one after the other from the candidates that remain, with exact propensities."""

from typing import NamedTuple, NoReturn

import numpy as np

from bandits import epsilon_greedy, inverse_gap, lin_ucb, softmax, thompson, uniform
from bandits.inverse_gap import inverse_gap_shares
from bandits.lin_ucb import upper_bounds
from bandits.policy import Policy, favour_best
from bandits.prediction import Prediction
from bandits.softmax import softmax_shares, split_weights
from bandits.thompson import pass_on, sampled, thompson_shares
from bandits.uniform import uniform_shares
from numeric import dice
from numeric.arrays import Floats, Indices
from numeric.jit import kernel
from numeric.strands import close_gap, first_largest, place_of

UNIFORM, EPSILON_GREEDY, LIN_UCB = uniform.KIND, epsilon_greedy.KIND, lin_ucb.KIND
SOFTMAX, INVERSE_GAP, THOMPSON = softmax.KIND, inverse_gap.KIND, thompson.KIND
MEAN_MAX = 1e9  # rewards are in [0, 1]: beyond it, a broken estimator


class Slate(NamedTuple):
    """The candidates drawn, slot by slot, and the probability each had for its slot given those above."""

    chosen: Indices  # (slots,), places in the caller's order of candidates
    propensity: Floats  # (slots,), each in (0, 1]


def draw(policy: Policy, known: Prediction, slots: int, key: int) -> Slate:
    """Draw a slate of ``slots`` candidates, or of all if there are fewer.

    Slot s falls by the s-th number of ``key`` (`numeric.dice`). The first of equals is the best, so the
    caller orders candidates by something that is the same everywhere. A policy without ``compiled``
    is drawn by `draw_plainly`; results are equal bit for bit.

    Raises ValueError if a mean is not finite or absurd, and the policy's own errors.

    >>> known = Prediction(np.array([0.2, 0.9, 0.4]), np.zeros(3), np.zeros((0, 3)))
    >>> draw(epsilon_greedy.EpsilonGreedy(0.3), known, slots=3, key=8).propensity.round(3)
    array([0.8 , 0.85, 1.  ])
    """
    compiled: tuple[int, float, float] | None = getattr(policy, "compiled", None)
    if compiled is None:
        return draw_plainly(policy, known, slots, key)
    kind, floor, setting = compiled
    mean, variance, deviations = known
    chosen, propensity = draw_slots(kind, floor, setting, mean, variance, deviations, slots, np.uint64(key))
    if not len(chosen) and slots > 0 and len(mean):
        refuse(mean)
    return Slate(chosen, propensity)


def draw_plainly(policy: Policy, known: Prediction, slots: int, key: int) -> Slate:
    """Draw the same slate as `draw` by asking the policy for every slot: slow, and easy to believe."""
    if not (np.abs(known.mean) < MEAN_MAX).all():
        refuse(known.mean)
    remaining = np.arange(len(known.mean))
    chosen, propensity = [], []
    for slot in range(min(slots, len(remaining))):
        probability = policy.probabilities(
            known.mean[remaining],
            known.variance[remaining] if policy.wants_variance else known.variance,
            known.deviations[:, remaining] if policy.draws else known.deviations,
        )
        place = place_of(dice.uniform(np.uint64(key), slot), probability)
        chosen.append(remaining[place])
        propensity.append(probability[place])
        remaining = np.delete(remaining, place)
    return Slate(np.array(chosen, np.int64), np.array(propensity, np.float64))


def refuse(mean: Floats) -> NoReturn:
    """Raise ValueError for a mean that is not finite or absurd."""
    worst = int(np.argmax(~(np.abs(mean) < MEAN_MAX)))
    raise ValueError(
        f"the mean of candidate {worst} is {mean[worst]}, expected a number below {MEAN_MAX:g} in size; "
        "the version that predicted it is broken: go back to the one before"
    )


@kernel
def _shares(
    kind: int,
    floor: float,
    setting: float,
    index: Floats,
    exponent: Indices,
    wins: Indices,
    draws: int,
    out: Floats,
) -> None:
    """Write the policy's probabilities of the candidates that remain (m,)."""
    if kind == UNIFORM:
        uniform_shares(out)
    elif kind in (EPSILON_GREEDY, LIN_UCB):
        favour_best(index, floor, out)
    elif kind == SOFTMAX:
        softmax_shares(index, exponent, floor, out)
    elif kind == INVERSE_GAP:
        inverse_gap_shares(index, setting, floor, out)
    elif kind == THOMPSON:
        thompson_shares(wins, draws, floor, out)


@kernel
def draw_slots(
    kind: int,
    floor: float,
    setting: float,
    mean: Floats,
    variance: Floats,
    deviations: Floats,
    slots: int,
    key: np.uint64,
) -> tuple[Indices, Floats]:
    """Draw all slots, for a policy's ``compiled`` kind, floor and setting. Empty if a mean is absurd."""
    count = len(mean)
    slots = max(0, min(slots, count))
    for i in range(count):
        if not abs(mean[i]) < MEAN_MAX:
            slots = 0
    chosen, propensity = np.empty(slots, np.int64), np.empty(slots)
    if slots == 0:
        return chosen, propensity

    # What the policy looks at; all but the draws shrink with the candidates that remain.
    remaining, probability, index = np.arange(count), np.empty(count), mean.copy()
    exponent = np.empty(count if kind == SOFTMAX else 0, np.int64)
    wins = np.zeros(count if kind == THOMPSON else 0, np.int64)
    draws = sampled(mean, deviations, setting) if kind == THOMPSON else np.empty((0, 0))
    winner = np.empty(len(draws), np.int64)
    if kind == LIN_UCB:
        upper_bounds(mean, variance, setting, index)
    elif kind == SOFTMAX:
        split_weights(mean, setting, index, exponent)
    for i in range(len(draws)):
        winner[i] = first_largest(draws[i])
        wins[winner[i]] += 1

    for slot in range(slots):
        left = count - slot
        shares = probability[:left]
        _shares(kind, floor, setting, index[:left], exponent[:left], wins[:left], len(draws), shares)
        place = place_of(dice.uniform(key, slot), shares)
        gone = remaining[place]
        chosen[slot], propensity[slot] = gone, shares[place]
        close_gap(remaining[:left], place)
        close_gap(index[:left], place)
        if kind == SOFTMAX:
            close_gap(exponent[:left], place)
        elif kind == THOMPSON and left > 1:
            close_gap(wins[:left], place)
            pass_on(draws, winner, gone, remaining[: left - 1], wins)
    return chosen, propensity
