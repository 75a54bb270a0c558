"""Estimates and intervals over hundreds of logs whose truth is known."""

import numpy as np
import pytest

from bandits.evaluation import FIRST_SLOT
from bandits.evaluation.estimate import effective_size, estimates_of
from bandits.evaluation.sums import Sums
from tests.bandits.evaluation.simulate import log_of, world_of

LOGS, DECISIONS = 500, 2_000

pytestmark = [pytest.mark.slow, pytest.mark.compiled]


@pytest.fixture(scope="module")
def runs() -> dict[str, np.ndarray]:
    """Per estimator (LOGS, 5): estimate, whether bootstrap and Bernstein cover, truth, effective size."""
    world, rng = world_of(11), np.random.default_rng(12)
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in FIRST_SLOT}
    least = float(world.logging.min())
    for _ in range(LOGS):
        sums = Sums(list(FIRST_SLOT.values()))
        sums.add(*log_of(world, DECISIONS, rng))
        size = effective_size(sums.weights[0])
        for name, estimate in zip(FIRST_SLOT, estimates_of(sums, least), strict=True):
            covered = estimate.interval.covers(world.value), estimate.bernstein.covers(world.value)
            found[name].append((estimate.value, *covered, world.value, size))
    return {name: np.array(rows, float) for name, rows in found.items()}


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "sndr"])
def test_bootstrap_intervals_cover(runs: dict[str, np.ndarray], name: str) -> None:
    """95 % intervals of estimators without (much) bias hold the truth in 92 to 98 % of the logs."""
    assert (runs[name][:, 4] >= 200).all()
    assert 0.92 <= runs[name][:, 1].mean() <= 0.98


@pytest.mark.parametrize("name", ["ips", "dr"])
def test_bernstein_intervals_cover(runs: dict[str, np.ndarray], name: str) -> None:
    """Empirical Bernstein intervals hold the truth in at least 95 % of the logs."""
    assert runs[name][:, 2].mean() >= 0.95


@pytest.mark.parametrize("name", ["ips", "snips", "dr", "sndr"])
def test_unbiased_estimators_are_right_on_average(runs: dict[str, np.ndarray], name: str) -> None:
    """The mean over the logs is within four of its standard errors of the truth."""
    errors = runs[name][:, 0] - runs[name][:, 3]

    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(LOGS) + 1e-4


def test_clipping_is_biased_low_and_the_model_alone_high(runs: dict[str, np.ndarray]) -> None:
    """A clipped weight loses reward; the direct method has the bias of its model, which hopes too much."""
    bias = {name: float((rows[:, 0] - rows[:, 3]).mean()) for name, rows in runs.items()}

    assert bias["clipped_ips"] <= bias["ips"] + 1e-9
    assert bias["direct"] > 0.02


def test_a_model_makes_estimates_closer(runs: dict[str, np.ndarray]) -> None:
    """The doubly robust estimate has the lesser root mean square error."""
    rmse = {name: float(np.sqrt(((rows[:, 0] - rows[:, 3]) ** 2).mean())) for name, rows in runs.items()}

    assert rmse["dr"] < rmse["ips"]
