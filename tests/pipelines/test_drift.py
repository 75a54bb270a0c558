"""A learner in a world that flips: what an alarm gives, and that it survives a restart."""

from collections.abc import Iterator

import numpy as np
import pytest

from bandits.snapshot import evidence_of
from pipelines.learn import Learner
from pipelines.settings import DAY_MS, load_settings
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES
from topics.feedback import Feedback, FeedbackSlot

CONTEXT = np.zeros(len(CONTEXT_NAMES), "<f4")
CONTEXT[0] = 1.0
MINUTE_MS = 60_000
LIKED, FLIPPED = (0.2, 0.8), (0.8, 0.2)  # reward without and with the second column, before and after


def columns(on: float) -> np.ndarray:
    row = np.zeros(len(PAIR_NAMES), "<f4")
    row[:2] = 1.0, on
    return row


def decision(at: int, on: float, reward: float) -> Feedback:
    slot = FeedbackSlot(0, "t", columns(on).tobytes(), 0.5, reward, reward, first=True)
    return Feedback(
        f"d{at}", "mark", at * MINUTE_MS, "recommended", "track", "softmax", "1", LAYOUT,
        CONTEXT.tobytes(), (slot,), final=True,
    )  # fmt: skip


def lived(
    learner: Learner, start: int, count: int, truth: tuple[float, float], seed: int = 1
) -> Iterator[float]:
    """Let a greedy listener's choice be learned; yield what each decision earned."""
    rng = np.random.default_rng(seed)
    weights = np.zeros((len(CONTEXT_NAMES), len(PAIR_NAMES)))
    for at in range(start, start + count):
        means = [float(weights[0] @ columns(on)) for on in (0.0, 1.0)]
        on = int(rng.random() < 0.5) if rng.random() < 0.1 else int(np.argmax(means))
        reward = float(rng.random() < truth[on])
        if learner.learn(decision(at, on, reward)):
            weights = learner.make_versions().rewards.weights
        yield reward


def learner_with(drift: str) -> Learner:
    return Learner(load_settings(learning={"drift": drift, "version_rows": 200}))


@pytest.mark.compiled
def test_an_alarm_lets_a_policy_follow_a_flip_sooner() -> None:
    """After the flip the one with an alarm earns more than the one that waits for its half-life."""
    ignoring, alarmed = learner_with("ignore"), learner_with("alarm")
    for learner in (ignoring, alarmed):
        assert np.mean(list(lived(learner, 0, 2_000, LIKED))[-500:]) > 0.7

    after = [np.mean(list(lived(learner, 2_000, 1_000, FLIPPED, seed=2))) for learner in (ignoring, alarmed)]

    assert after[1] > after[0] + 0.05
    assert alarmed.drifts >= 1
    assert alarmed.evidence.alarms


@pytest.mark.compiled
def test_watching_alone_changes_no_bit() -> None:
    """It tells of the flip and leaves the evidence as it is."""
    watched, ignored = learner_with("watch"), learner_with("ignore")
    for learner in (watched, ignored):
        list(lived(learner, 0, 1_500, LIKED))
        list(lived(learner, 1_500, 400, FLIPPED, seed=2))

    assert watched.drifts >= 1
    assert ignored.drifts == 0
    assert watched.evidence.pairs.tobytes() == ignored.evidence.pairs.tobytes()
    assert watched.evidence.total.tobytes() == ignored.evidence.total.tobytes()


@pytest.mark.compiled
def test_a_restart_between_loses_nothing() -> None:
    """A learner from the snapshots raises the alarm at the same decision, to the same bits."""
    whole = learner_with("alarm")
    list(lived(whole, 0, 1_500, LIKED))
    half_life_ms = int(whole.settings.learning.half_life_days * DAY_MS)
    rewards, skips = (evidence_of(snapshot, half_life_ms) for snapshot in whole.snapshots())
    resumed = Learner(whole.settings, rewards, skips, version=whole.version)
    resumed.rows_since, resumed.rows_due, resumed.version_ms = (
        whole.rows_since,
        whole.rows_due,
        whole.version_ms,
    )

    for learner in (whole, resumed):
        list(lived(learner, 1_500, 400, FLIPPED, seed=2))

    assert resumed.drifts == whole.drifts >= 1
    assert resumed.evidence.alarms == whole.evidence.alarms
    assert resumed.evidence.pairs.tobytes() == whole.evidence.pairs.tobytes()
