"""Estimates beside the truth: on ratings of tracks shown at random, and in the demo's world."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bandits.evaluation.target import along
from bandits.evidence import Evidence
from bandits.prediction import Prediction
from bandits.rows import decision_rows
from bandits.softmax import Softmax
from bandits.uniform import Uniform
from bandits.version import Version, make_version
from pipelines.decide import whole_decision
from pipelines.demo.advisor import EngineAdvisor
from pipelines.demo.contestant import Contestant
from pipelines.demo.settings import WorldSettings
from pipelines.demo.tally import Tally
from pipelines.demo.world import World
from pipelines.evaluate.evaluation import Evaluation
from pipelines.evaluate.question import Closed, Judge, Question
from pipelines.evaluate.run import evaluate, would_have
from pipelines.evaluate.targets import Target
from pipelines.learn import Learner
from pipelines.replay.engine import Engine
from pipelines.serve import Transition
from pipelines.settings import Settings, load_settings
from state.memory import MemoryStore
from topics.codec import encode_line
from topics.feedback import Feedback
from topics.play import Play
from topics.request import Request

pytestmark = pytest.mark.compiled

GOOD = 3  # ratings from here on are a reward of 1
EACH = 4  # one in so many of the log's ratings is used


class Ratings:
    """Tracks rated by listeners to whom they were shown evenly at random; a log with one slot."""

    def __init__(self, path: Path) -> None:
        self.left_out: Counter[str] = Counter()
        by_listener: dict[str, list[tuple[str, float]]] = defaultdict(list)
        with gzip.open(path, "rt") as file:
            for row in csv.DictReader(file):
                by_listener[row["user_id"]].append((row["item_id"], float(int(row["rating"]) >= GOOD)))
        names = sorted({track for rated in by_listener.values() for track, _ in rated})
        place = {name: k for k, name in enumerate(names)}
        thirds: list[list[tuple[int, int, float]]] = [[], [], []]
        for number, listener in enumerate(sorted(by_listener)):
            thirds[number % 3] += [(number, place[track], r) for track, r in by_listener[listener]]
        learned, self.log, truth = thirds  # listeners of their own each
        self.mean = self._means(self.log + truth, len(names), prior=0)
        self.columns = np.ones((len(names), 2), np.float32)
        self.columns[:, 1] = self._means(learned, len(names), prior=2)
        self.learned = learned

    @staticmethod
    def _means(rows: list[tuple[int, int, float]], tracks: int, prior: int) -> np.ndarray:
        """Mean reward of each track, drawn to the mean of all as if by so many ratings."""
        total, count = np.zeros((2, tracks))
        for _, track, reward in rows:
            total[track] += reward
            count[track] += 1
        means: np.ndarray = (total + prior * total.sum() / count.sum()) / (count + prior)
        return means

    def closed(self, judge: Judge) -> Iterator[Closed]:
        one, even = np.ones(1, np.float32), np.array([1 / len(self.mean)])
        for listener, track, reward in self.log[::EACH]:
            opinions = judge(Question("ratings", listener, 1, one, self.columns, np.array([track]), even))
            yield Closed(opinions, np.array([reward]), listener, float(even[0]), "decision_id")


def test_five_policies_are_ranked_as_they_truly_earn(shared_data: Path) -> None:
    """From a log drawn evenly, the estimates have the order of what other listeners' ratings say."""
    ratings = Ratings(shared_data / "cm100k_ratings.csv.gz")
    evidence = Evidence("ratings", ("one",), ("one", "popular"))
    tracks = np.array([track for _, track, _ in ratings.learned])
    reward = np.array([reward for _, _, reward in ratings.learned])
    columns = ratings.columns[tracks]
    evidence.fold(decision_rows(1, np.ones(1, np.float32), columns, reward))
    version = make_version([evidence], want_covariance=False)
    against = make_version([evidence], want_covariance=False)
    against.weights[0, 1] *= -1.0  # prefers what nobody likes
    five = {
        "the worst": Target("the worst", Softmax(temperature=0.2), against),
        "uniform": Target("uniform", Uniform(), None),
        "hesitant": Target("hesitant", Softmax(temperature=0.3), version),
        "softmax": Target("softmax", Softmax(temperature=0.15), version),
        "decided": Target("decided", Softmax(temperature=0.1), version),
    }
    truth = {name: _truth(target, ratings) for name, target in five.items()}

    result = Evaluation(list(five.values()), version, slots=1).run(ratings)

    for estimator in ("snips", "dr"):
        found = {
            name: judged["first_slot"][estimator]["value"] for name, judged in result["policies"].items()
        }
        assert sorted(five, key=lambda name: found[name]) == sorted(five, key=lambda name: truth[name])
    for name, value in truth.items():
        assert _covers(result["policies"][name]["first_slot"]["dr"], value)


def _truth(target: Target, ratings: Ratings) -> float:
    known = Prediction(
        ratings.columns @ (np.zeros(2) if target.version is None else target.version.weights[0])
    )
    _, value = along(target.policy, known, np.array([0]), ratings.mean)
    return float(value[0])


def _covers(estimate: dict[str, Any], truth: float) -> bool:
    low, high = estimate["interval"]
    return bool(low <= truth <= high)


class Recorder(Engine):
    """The engine, with its decisions and feedback written down."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, MemoryStore())
        folder.mkdir()
        self.files = folder / "decisions.jsonl", folder / "feedback.jsonl"
        self._out = self.files[0].open("wb"), self.files[1].open("wb")

    def take(self, record: Play | Request, received_ms: int | None = None) -> Transition:
        return self._written(super().take(record, received_ms))

    def fire_due(self, log_ms: int) -> Iterator[Transition]:
        yield from map(self._written, super().fire_due(log_ms))

    def close(self) -> None:
        for done in self.finish():
            self._written(done)
        for file in self._out:
            file.close()

    def _written(self, done: Transition) -> Transition:
        decisions, feedback = self._out
        if done.decided is not None:
            decisions.write(encode_line(whole_decision(done.decided, self.views)))
        feedback.writelines(map(encode_line, done.feedback))
        return done


class Frozen(Learner):
    """Learns nothing."""

    def learn(self, feedback: Feedback) -> bool:
        return False


def lived(world: World, settings: Settings, folder: Path, version: Version | None = None) -> Recorder:
    """Advise the world's listeners to its end; with a version, by what it knows and no more."""
    advisor = EngineAdvisor(world, settings)
    engine = advisor.engine = Recorder(settings, folder)
    if version is not None:
        engine.views.version, engine.learner = version, Frozen(settings)
    tally = Tally(world.start_ms, world.end_ms, world.settings.days, ())
    for _ in Contestant("recorded", world.begin(settings.rewards.worth), advisor, tally).walk(world.end_ms):
        pass
    engine.close()
    return engine


@pytest.mark.slow
def test_a_policy_earns_in_the_demo_what_the_log_of_another_said(tmp_path: Path) -> None:
    """First slot and slates: the interval from one softmax's log holds what a sharper one earned."""
    world = World(WorldSettings(seed=3, days=5, listeners=150))
    ran, judged = (
        load_settings(
            policy={"name": "softmax", "temperature": t, "floor": 0.05}, slates={"examination": "shown"}
        )
        for t in (0.1, 0.05)
    )
    learned = lived(world, ran, tmp_path / "learned").learner
    (tmp_path / "snapshot").write_bytes(encode_line(learned.snapshots()[0]))
    version = learned.make_versions().rewards
    decisions, feedback = lived(world, ran, tmp_path / "ran", version).files
    target = f"softmax:temperature=0.05,floor=0.05@{tmp_path / 'snapshot'}"

    result = evaluate(
        str(decisions), [target], ran, feedback=str(feedback), reward_model=str(tmp_path / "snapshot")
    )

    decisions, feedback = lived(world, judged, tmp_path / "judged", version).files
    truth = evaluate(str(decisions), ["uniform"], ran, feedback=str(feedback))["logged"]
    found = result["policies"][target]
    assert found["effective_size"] > 200
    assert found["first_slot"]["dr"]["value"] > result["logged"]["first_slot"]["value"]
    for estimator in ("ips", "snips", "dr"):
        assert _covers(found["first_slot"][estimator], truth["first_slot"]["value"])
    for estimator in ("rips", "cascade_dr"):
        assert _covers(found["slate"][estimator], truth["slate"]["value"])


@pytest.mark.slow
def test_what_would_have_happened_is_what_happens(tmp_path: Path) -> None:
    """A policy that lives through another's log is told to earn what it earns when it runs in that world."""
    world = World(WorldSettings(seed=4, days=5, listeners=150))
    ran, judged = (
        load_settings(
            policy={"name": "softmax", "temperature": t, "floor": 0.05}, slates={"examination": "shown"}
        )
        for t in (0.1, 0.05)
    )
    decisions, feedback = lived(world, ran, tmp_path / "ran").files

    result = would_have(str(feedback), str(decisions), "softmax:temperature=0.05,floor=0.05", ran)

    decisions, feedback = lived(world, judged, tmp_path / "judged").files
    truth = evaluate(str(decisions), ["uniform"], ran, feedback=str(feedback))["logged"]["first_slot"][
        "value"
    ]
    (found,) = result["policies"].values()
    assert found["effective_size"] > 200
    for estimator in ("ips", "snips", "dr"):
        assert _covers(found["first_slot"][estimator], truth)
