"""The watch for drift: what it finds, what it lets pass, and that it goes on in another process."""

import numpy as np
import pytest

from bandits.drift import DriftWatch


def rewards(seed: int, mean: float, count: int) -> list[float]:
    return [float(luck < mean) for luck in np.random.default_rng(seed).random(count).tolist()]


def found(watch: DriftWatch, values: list[float], expected: float) -> list[int]:
    """Where a drift is told."""
    return [at for at, value in enumerate(values) if watch.value(value, expected)]


def test_a_fall_is_found_within_a_few_hundred_decisions() -> None:
    """From six in ten to three in ten."""
    watch = DriftWatch(delta=0.002)

    quiet, after = found(watch, rewards(1, 0.6, 2_000), 0.6), found(watch, rewards(2, 0.3, 500), 0.6)

    assert quiet == []
    assert after
    assert after[0] < 200
    assert watch.found == len(after)


def test_a_rise_is_no_reason_to_forget() -> None:
    """A policy that learns earns more: nothing is told."""
    watch = DriftWatch(delta=0.002)

    assert found(watch, rewards(3, 0.2, 1_000) + rewards(4, 0.5, 1_000) + rewards(5, 0.8, 1_000), 0.5) == []


def test_lost_calibration_is_found_where_rewards_stay() -> None:
    """As much is earned as before, but more was expected: the weights are no longer true."""
    watch = DriftWatch(delta=0.002)
    found(watch, rewards(6, 0.5, 2_000), 0.5)

    assert found(watch, rewards(7, 0.5, 1_000), 0.8)


@pytest.mark.parametrize("seed", range(8))
def test_a_world_that_stays_gives_hardly_an_alarm(seed: int) -> None:
    """In five thousand decisions of the same world at most one false alarm."""
    assert len(found(DriftWatch(delta=0.002), rewards(100 + seed, 0.4, 5_000), 0.4)) <= 1


def test_it_goes_on_where_it_was() -> None:
    """A watch restored from its bytes tells the very same from there on."""
    watch = DriftWatch(delta=0.002)
    watch.weights = np.arange(6.0).reshape(2, 3)
    found(watch, rewards(8, 0.7, 1_500), 0.7)

    twin = DriftWatch.resumed(watch.state(), (2, 3))

    later = rewards(9, 0.4, 1_000)
    assert found(twin, later, 0.7) == found(watch, later, 0.7)
    assert twin.found == watch.found > 0
    np.testing.assert_array_equal(twin.weights, watch.weights)


def test_a_torn_state_is_refused() -> None:
    """With the way out."""
    with pytest.raises(ValueError, match=r"cannot be read .* watch anew"):
        DriftWatch.resumed(DriftWatch(0.01).state()[:-20], (0, 0))
