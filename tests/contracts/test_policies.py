"""What every policy promises, checked alike over all of them: exact, positive, conditional propensities."""

import itertools
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from bandits import POLICIES
from bandits.epsilon_greedy import EpsilonGreedy
from bandits.policy import NO_DRAWS, Policy
from bandits.prediction import Prediction
from bandits.slate import draw, draw_plainly

DICE = 20_000
policies = pytest.mark.parametrize("policy", [kind() for kind in POLICIES.values()], ids=POLICIES.keys())


def known_of(rng: np.random.Generator, policy: Policy, count: int) -> Prediction:
    """A prediction of what this policy wants to know, close enough that all slates happen."""
    return Prediction(
        rng.random(count) * 0.2,
        rng.random(count) * 0.05 if policy.wants_variance else np.zeros(0),
        rng.normal(size=(policy.draws, count)) * 0.3,
    )


def conditional(policy: Policy, known: Prediction, above: tuple[int, ...]) -> dict[int, float]:
    """The policy's own probability of each candidate for the slot below these."""
    remaining = np.array([i for i in range(len(known.mean)) if i not in above])
    probabilities = policy.probabilities(
        known.mean[remaining],
        known.variance[remaining] if policy.wants_variance else known.variance,
        known.deviations[:, remaining] if policy.draws else known.deviations,
    )
    return dict(zip(remaining.tolist(), probabilities.tolist(), strict=True))


def surprise(seen: Counter[int], stated: dict[int, float]) -> tuple[float, int]:
    """Pearson's chi-square of these counts and its degrees of freedom; rare candidates count together."""
    total = sum(seen.values())
    often = [i for i in stated if stated[i] * total >= 5.0]
    cells = [(float(seen[i]), stated[i] * total) for i in often]
    cells.append((total - sum(count for count, _ in cells), total - sum(expected for _, expected in cells)))
    cells = [(count, expected) for count, expected in cells if expected >= 5.0]
    return sum((count - expected) ** 2 / expected for count, expected in cells), max(len(cells) - 1, 0)


def deviates(chi_square: float, freedom: int) -> float:
    """Standard deviations of a chi-square from what it should be (Wilson & Hilferty 1931)."""
    spread = 2.0 / (9.0 * freedom)
    return float((np.cbrt(chi_square / freedom) - (1.0 - spread)) / math.sqrt(spread))


@pytest.mark.compiled
@policies
@pytest.mark.parametrize("seed", [1, 2])
def test_slots_fall_as_often_as_their_propensities_say(policy: Policy, seed: int) -> None:
    """In every slot, given the slots above, frequencies match the stated probabilities over many dice."""
    known = known_of(np.random.default_rng(seed), policy, count=4)
    below: dict[tuple[int, ...], Counter[int]] = {}
    stated: dict[tuple[int, ...], float] = {}

    for key in range(DICE):
        chosen, propensity = draw(policy, known, slots=4, key=key * 0x9E3779B97F4A7C15 % 2**64)
        order = tuple(chosen.tolist())
        for slot in range(4):
            below.setdefault(order[:slot], Counter())[order[slot]] += 1
            stated[order[: slot + 1]] = float(propensity[slot])

    for slot in range(4):
        chi_square, freedom = 0.0, 0
        for above, seen in below.items():
            if len(above) == slot:
                expected = conditional(policy, known, above)
                assert all(stated[(*above, i)] == expected[i] for i in seen)
                more, cells = surprise(seen, expected)
                chi_square, freedom = chi_square + more, freedom + cells
        assert freedom > 0 or slot == 3
        assert freedom == 0 or deviates(chi_square, freedom) < 4.0


@policies
@given(data=st.data())
def test_probabilities_are_positive_and_sum_to_one(policy: Policy, data: st.DataObject) -> None:
    """Whatever the means, variances and draws: each > 0, their sum 1."""
    known = data.draw(predictions(policy))

    probabilities = policy.probabilities(*known)

    assert probabilities.shape == known.mean.shape
    assert (probabilities > 0.0).all()
    assert probabilities.sum() == pytest.approx(1.0, abs=1e-12)


@policies
@given(data=st.data())
def test_the_slate_kernel_agrees_with_the_policy_bit_for_bit(policy: Policy, data: st.DataObject) -> None:
    """Asking the policy for every slot and drawing all slots in one kernel are the same decision."""
    known = data.draw(predictions(policy))
    slots, key = data.draw(st.integers(0, 45)), data.draw(st.integers(0, 2**64 - 1))

    fast = draw(policy, known, slots, key)

    plain = draw_plainly(policy, known, slots, key)
    assert fast.chosen.tolist() == plain.chosen.tolist()
    assert fast.propensity.tobytes() == plain.propensity.tobytes()
    assert len(set(fast.chosen.tolist())) == len(fast.chosen) == min(slots, len(known.mean))


@policies
def test_probabilities_follow_the_candidates(policy: Policy) -> None:
    """Other orders of the same candidates give each the same probability: only ties look at the order."""
    known = known_of(np.random.default_rng(3), policy, count=5)
    straight = policy.probabilities(*known)

    for order in map(list, itertools.permutations(range(5))):
        variance = known.variance[order] if policy.wants_variance else known.variance
        deviations = known.deviations[:, order] if policy.draws else known.deviations
        np.testing.assert_allclose(
            policy.probabilities(known.mean[order], variance, deviations), straight[order], rtol=1e-12
        )


@pytest.mark.compiled
@policies
def test_many_candidates_are_drawn_as_stated(policy: Policy) -> None:
    """With a thousand candidates, too, first slots fall as their propensities say."""
    known = known_of(np.random.default_rng(4), policy, count=1_000)
    expected = conditional(policy, known, ())

    seen = Counter(int(draw(policy, known, slots=1, key=key).chosen[0]) for key in range(DICE))

    assert deviates(*surprise(seen, expected)) < 4.0


@policies
def test_dice_have_neither_order_nor_state(policy: Policy) -> None:
    """A decision's key gives its slate, whichever was drawn before; a shorter slate is its beginning."""
    known = known_of(np.random.default_rng(5), policy, count=30)
    forth = [draw(policy, known, 10, key).chosen.tolist() for key in range(50)]

    back = [draw(policy, known, 10, key).chosen.tolist() for key in reversed(range(50))]
    short = [draw(policy, known, 3, key).chosen.tolist() for key in range(50)]

    assert forth == back[::-1]
    assert [slate[:3] for slate in forth] == short


@policies
@pytest.mark.parametrize("mean", [math.nan, math.inf, -math.inf, 1e9])
def test_an_absurd_mean_is_refused(policy: Policy, mean: float) -> None:
    """No slate is drawn from what cannot be ordered; the message names the candidate."""
    known = known_of(np.random.default_rng(6), policy, count=5)
    known.mean[3] = mean

    for way in (draw, draw_plainly):
        with pytest.raises(
            ValueError, match=f"mean of candidate 3 is {mean}, expected a number below 1e\\+09"
        ):
            way(policy, known, 2, 1)


@policies
def test_nothing_to_choose_from_is_an_empty_slate(policy: Policy) -> None:
    """No candidates, or no slots: nothing is chosen, nothing raised."""
    nobody = Prediction(np.zeros(0), np.zeros(0), np.zeros((policy.draws, 0)))
    some = known_of(np.random.default_rng(7), policy, count=3)

    for known, slots in ((nobody, 5), (some, 0)):
        chosen, propensity = draw(policy, known, slots, 1)
        assert chosen.shape == propensity.shape == (0,)


@given(
    epsilon=st.floats(1e-6, 1.0),
    means=arrays(float, st.integers(1, 30), elements=st.floats(-2, 2), unique=True),
    key=st.integers(0, 2**64 - 1),
)
def test_epsilon_greedy_takes_the_best_that_remain_in_every_slot(
    epsilon: float, means: NDArray[Any], key: int
) -> None:
    """The best of the m remaining has 1 − ε + ε/m, every other ε/m: in the first slot and in all below."""
    slate = draw(EpsilonGreedy(epsilon), Prediction(means), len(means), key)

    remaining = list(range(len(means)))
    for chosen, propensity in zip(*slate, strict=True):
        m = len(remaining)
        best = max(remaining, key=lambda i: means[i])
        expected = 1.0 - epsilon + epsilon / m if chosen == best else epsilon / m
        assert propensity == pytest.approx(expected, rel=1e-12)
        remaining.remove(int(chosen))


@pytest.mark.parametrize("name", ["epsilon_greedy", "lin_ucb", "inverse_gap", "thompson"])
def test_the_first_of_equals_is_the_best(name: str) -> None:
    """Where order decides, the caller's does: the first of several equals is favoured."""
    policy = POLICIES[name]()
    draws: NDArray[np.float64] = np.repeat(np.arange(float(policy.draws))[:, None], 3, axis=1)

    probabilities = policy.probabilities(np.full(3, 0.5), np.full(3, 0.1), draws)

    assert probabilities[0] >= probabilities[1] == probabilities[2]


class Alphabetical:
    """A policy without a kernel, as somebody may add one."""

    wants_variance = False
    draws = 0

    def probabilities(
        self, mean: NDArray[Any], variance: NDArray[Any], deviations: NDArray[Any] = NO_DRAWS
    ) -> NDArray[Any]:
        """Half for the first, the rest for all."""
        share = np.full(len(mean), 0.5 / len(mean))
        share[0] += 0.5
        return share


def test_a_policy_needs_no_kernel() -> None:
    """One file with ``probabilities`` is a policy; its slates come slot by slot."""
    chosen, propensity = draw(Alphabetical(), Prediction(np.zeros(4)), slots=4, key=3)

    assert sorted(chosen.tolist()) == [0, 1, 2, 3]
    assert propensity[-1] == 1.0


def test_kernels_are_told_apart() -> None:
    """No two policies share a number in the slate's kernel."""
    kinds = [getattr(kind(), "compiled", (name, 0, 0))[0] for name, kind in POLICIES.items()]

    assert len(set(kinds)) == len(kinds)


@st.composite
def predictions(pick: st.DrawFn, policy: Policy) -> Prediction:
    """Means of any size and likeness, variances ≥ 0 and draws, for 1 to 40 candidates."""
    count = pick(st.integers(1, 40))
    few = st.sampled_from([0.0, 0.5, -1.0])
    mean = arrays(float, count, elements=st.one_of(few, st.floats(-2, 2), st.floats(-1e8, 1e8)))
    variance = arrays(float, count if policy.wants_variance else 0, elements=st.floats(0, 100))
    rng = np.random.default_rng(pick(st.integers(0, 2**32)))
    return Prediction(
        pick(mean), pick(variance), rng.normal(size=(policy.draws, count)).round(pick(st.integers(0, 9)))
    )
