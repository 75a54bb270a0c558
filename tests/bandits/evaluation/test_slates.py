"""Estimators of whole slates, over hundreds of logs whose truth is known."""

import numpy as np
import pytest

from bandits.evaluation import SLATE
from bandits.evaluation.judged import Judged
from bandits.evaluation.sums import Sums
from tests.bandits.evaluation.simulate_slates import slate_log_of, slate_world_of

LOGS, DECISIONS = 120, 150


@pytest.mark.compiled
def test_slate_estimators_are_right_on_average_and_the_model_helps() -> None:
    """Where tracks above change what those below earn, both are unbiased, and cascade-DR is the closer."""
    world, rng = slate_world_of(5), np.random.default_rng(6)
    truth, found = world.value(), np.empty((LOGS, len(SLATE)))

    for log in range(LOGS):
        sums = Sums(list(SLATE.values()))
        sums.add(slate_log_of(world, DECISIONS, rng), np.arange(DECISIONS, dtype=np.uint64))
        found[log] = sums.estimates()

    errors = found - truth
    assert (np.abs(errors.mean(axis=0)) < 4 * errors.std(axis=0) / np.sqrt(LOGS)).all()
    assert errors[:, list(SLATE).index("cascade_dr")].std() < errors[:, list(SLATE).index("rips")].std()


def test_a_missing_slot_says_nothing() -> None:
    """A slate shorter than the others, filled up with ratio 1 and zeros, adds what it adds alone."""
    short = Judged(*np.array([[[2.0, 0.5]], [[1.0, 0.0]], [[0.5, 0.5]], [[0.25, 0.75]]]))
    filled = Judged(
        *(np.hstack([part, [[filler]]]) for part, filler in zip(short, (1.0, 0.0, 0.0, 0.0), strict=True))
    )

    for estimator in SLATE.values():
        assert estimator.terms(filled).weighted == estimator.terms(short).weighted
