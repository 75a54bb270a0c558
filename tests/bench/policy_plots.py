"""Policy plots: half-life, drift, late rewards and mixtures; the plot of docs/policies.md.

``python -m tests.bench policy_plots``, about a minute on one core.
"""

from pathlib import Path
from typing import Any

import numpy as np

from bandits.epsilon_greedy import EpsilonGreedy
from bandits.evaluation.estimate import effective_size, estimates_of
from bandits.evaluation.inverse_propensity import Snips
from bandits.evaluation.judged import Judged
from bandits.evaluation.sums import Sums
from bandits.lin_ucb import LinUcb
from bandits.mixture import Mixture
from bandits.prediction import Prediction
from bandits.slate import draw
from bandits.softmax import Softmax
from bandits.version import make_version
from numeric.arrays import Floats
from tests.bandits.making import empty, feedback, later
from tests.bench.plotting import saved, subplots
from tests.peers.ours import OurArms
from tests.peers.streams import FLIPS, drift
from tests.pipelines.test_drift import FLIPPED, LIKED, learner_with, lived

SMOOTH = 300  # rounds


def main() -> None:
    """Draw all four."""
    figure, ((a, b), (c, d)) = subplots(2, 2, width=9.0, height=2.9)
    half_lives(a)
    alarms(b)
    parts(c)
    shares(d)
    saved(figure, Path("docs/plots/policies.svg"))


def smoothed(rewards: list[float]) -> tuple[Floats, Floats]:
    """Places, every so many, and the mean reward of the rounds before each."""
    so_far = np.cumsum(np.array([0.0, *rewards]))
    places = np.arange(SMOOTH, len(so_far), SMOOTH // 12)
    return places.astype(float), (so_far[places] - so_far[places - SMOOTH]) / SMOOTH


def half_lives(axis: Any) -> None:
    """LinUCB in a world that changes twice, by half-life."""
    stream = drift(1)
    for life in (0, 2_000, 350, 80):
        player, rewards = OurArms(stream, LinUcb(alpha=0.3, floor=1e-4), 1, 1.2, life), []
        for asked in stream.rounds:
            place = player.decide(asked)
            rewards.append(float(asked.rewards[place]))
            player.learn(asked, place, rewards[-1])
        name = f"{life:,} rounds" if life else "never forgets"
        axis.plot(*smoothed(rewards), label=f"{name}: {np.mean(rewards):.3f}")
        print(f"half-life {name}: mean {np.mean(rewards):.3f}")
    for flip in FLIPS:
        axis.axvline(flip * len(stream.rounds), color="grey", linestyle=":")
    axis.set(title="half-life, in a world that changes twice", xlabel="round", ylabel="reward")
    axis.legend(fontsize="x-small")


def alarms(axis: Any) -> None:
    """A learner whose world flips, with and without an alarm."""
    for setting in ("ignore", "alarm"):
        learner = learner_with(setting)
        before = list(lived(learner, 0, 2_000, LIKED))
        after = list(lived(learner, 2_000, 1_500, FLIPPED, seed=2))
        axis.plot(*smoothed(before + after), label=f"{setting}: {np.mean(after):.3f} after the flip")
        print(f"drift {setting}: {np.mean(after):.3f} after the flip, {learner.drifts} found")
    axis.axvline(2_000, color="grey", linestyle=":")
    axis.set(title="a change for the worse: ADWIN's alarm", xlabel="decision")
    axis.legend(fontsize="x-small")


def parts(axis: Any) -> None:
    """How far weights are from those of final rewards, while later parts come in, in two orders."""
    rng, like = np.random.default_rng(3), empty(3, 4)
    first = [feedback(rng, like) for _ in range(200)]
    second = [later(rows, rng.random(len(rows.reward))) for rows in first]
    final = empty(3, 4)
    for rows, told in zip(first, second, strict=True):
        final.fold(rows._replace(reward=told.reward))
    goal = make_version([final], want_covariance=False).weights
    for name, order in (("as decided", range(200)), ("in any order", rng.permutation(200))):
        evidence, distance = empty(3, 4), []
        for rows in first:
            evidence.fold(rows)
        for k in order:
            evidence.fold(second[k])
            weights = make_version([evidence], want_covariance=False).weights
            distance.append(max(float(np.abs(weights - goal).max()), 1e-17))
        axis.semilogy(distance, label=name)
        print(f"late parts {name}: {distance[-1]:.1e} from the weights of final rewards")
    axis.set(title="distance from the weights of final rewards", xlabel="later parts arrived")
    axis.legend(fontsize="x-small")


def shares(axis: Any) -> None:
    """What one log says of both parts of a mixture, by the challenger's share."""
    mean, truth = np.array([0.2, 0.5, 0.45, 0.3]), np.array([0.1, 0.4, 0.8, 0.3])
    challenger, champion, count = Softmax(temperature=0.1, floor=0.05), EpsilonGreedy(0.05), 4_000
    rng, at = np.random.default_rng(5), (0.0, 0.02, 0.05, 0.1, 0.2, 0.5)
    for name, policy, colour in (("challenger", challenger, "C1"), ("champion", champion, "C0")):
        aims = policy.probabilities(mean, np.zeros(4))
        values, low, high = [], [], []
        for share in at:
            mixture = Mixture(share, challenger, champion)
            slates = [draw(mixture, Prediction(mean), 1, key) for key in range(count)]
            chosen = np.array([slate.chosen[0] for slate in slates])
            propensity = np.array([slate.propensity[0] for slate in slates])
            reward = (rng.random(count) < truth[chosen]).astype(float)
            sums = Sums([Snips()])
            columns = (aims[chosen] / propensity, reward, reward, reward)
            sums.add(Judged(*(part[:, None] for part in columns)), np.arange(count, dtype=np.uint64))
            (found,) = estimates_of(sums, float(propensity.min()))
            values.append(found.value)
            low.append(found.value - found.interval.low)
            high.append(found.interval.high - found.value)
            print(
                f"mixture {share:.2f} {name}: {found.value:.3f}, worth {effective_size(sums.weights[0]):,.0f}"
            )
        places = np.arange(len(at)) + (0.08 if name == "champion" else -0.08)
        axis.errorbar(places, values, [low, high], fmt="o", capsize=3, label=f"{name}, judged", color=colour)
        axis.axhline(float(aims @ truth), color=colour, linestyle=":", label=f"{name}, truly")
    axis.set_xticks(range(len(at)), [f"{share:.0%}" for share in at])
    axis.set(title="both judged from one log of 4,000 slots", xlabel="share of the challenger")
    axis.legend(fontsize="x-small")


if __name__ == "__main__":
    main()
