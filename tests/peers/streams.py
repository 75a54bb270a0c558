"""Streams of rounds that every bandit plays alike: what is known of each arm, and what each would earn.

The reward of every arm is known, so a round needs no propensity to be scored: a player earns the reward
of the arm it takes, and is told of no other.
"""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from numeric.arrays import Floats, Indices

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
HOUR_MS = 3_600_000


class Round(NamedTuple):
    """One question; a round takes an hour, for those who forget by time."""

    context: Floats  # (C,), the first is 1
    columns: Floats  # (m, P), the first is 1; (m, 0) where arms are known by their number alone
    arms: Indices  # (m,), the numbers of the arms there are to choose from
    rewards: Floats  # (m,), in [0, 1]


class Stream(NamedTuple):
    """A name, how many arms there are in all, and the rounds."""

    name: str
    arms: int
    rounds: list[Round]
    drifts: bool = False


def digits(seed: int) -> Stream:
    """Handwritten digits (scikit-learn): which of ten digits is it; 1,797 rounds, 64 pixels."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    return _classes("digits", pixels / 16.0, labels, seed)


def segment(seed: int) -> Stream:
    """Patches of outdoor images (river's ImageSegments): which of seven is it; 2,310 rounds, 18 numbers."""
    from river.datasets import ImageSegments

    rows = list(ImageSegments())  # type: ignore[no-untyped-call]
    numbers = np.array([list(x.values()) for x, _ in rows], float)
    _, labels = np.unique([str(y) for _, y in rows], return_inverse=True)
    spread = numbers.std(axis=0)
    return _classes(
        "segment", (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0), labels, seed
    )


def _classes(name: str, features: Floats, labels: Indices, seed: int) -> Stream:
    """Classification as a bandit: the class named right earns 1. Source: Dudík, Langford & Li (2011), 5.1."""
    order = np.random.default_rng(seed).permutation(len(labels))
    arms = np.arange(labels.max() + 1)
    rounds = [
        Round(np.append(1.0, features[i]), np.zeros((len(arms), 0)), arms, (arms == labels[i]).astype(float))
        for i in order
    ]
    return Stream(name, len(arms), rounds)


DRIFT_ARMS, DRIFT_DEPTH, DRIFT_ROUNDS, FLIPS = 8, 9, 5_000, (0.3, 0.55)


def drift(seed: int) -> Stream:
    """A linear world whose arms trade their weights twice; the last stretch is quiet."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 1, (DRIFT_ARMS, DRIFT_DEPTH))
    arms, rounds = np.arange(DRIFT_ARMS), []
    flips = [int(share * DRIFT_ROUNDS) for share in FLIPS]
    for at in range(DRIFT_ROUNDS):
        if at in flips:
            weights = np.roll(weights, 3, axis=0)
        context = np.append(1.0, rng.normal(0, 1, DRIFT_DEPTH - 1))
        chance = np.clip(0.5 + weights @ context / 8.0, 0, 1)
        rounds.append(
            Round(context, np.zeros((DRIFT_ARMS, 0)), arms, (rng.random(DRIFT_ARMS) < chance).astype(float))
        )
    return Stream("drift", DRIFT_ARMS, rounds, drifts=True)


RATED, RATED_TRACKS, RATED_ROUNDS = 8, 200, 1_500


def ratings(seed: int) -> Stream:
    """CM100k: which of eight tracks that they rated will a listener like; the 200 most rated are the arms."""
    by_listener: dict[str, list[tuple[str, float]]] = defaultdict(list)
    for row in _rows("cm100k_ratings.csv.gz"):
        by_listener[row["user_id"]].append((row["item_id"], float(int(row["rating"]) >= 3)))
    count = Counter(track for rated in by_listener.values() for track, _ in rated)
    number = {name: k for k, (name, _) in enumerate(count.most_common(RATED_TRACKS))}
    rng = np.random.default_rng(seed)
    questions: list[list[tuple[str, float]]] = []
    for listener in sorted(by_listener):
        rated = [(track, reward) for track, reward in by_listener[listener] if track in number]
        order = rng.permutation(len(rated))
        starts = range(0, len(rated) - RATED + 1, RATED)
        questions += [[rated[k] for k in order[start : start + RATED]] for start in starts]
    rounds = []
    for k in rng.permutation(len(questions))[:RATED_ROUNDS]:
        arms = np.array([number[track] for track, _ in questions[k]])
        rewards = np.array([reward for _, reward in questions[k]])
        rounds.append(Round(np.ones(1), np.zeros((RATED, 0)), arms, rewards))
    return Stream("ratings", RATED_TRACKS, rounds)


BLOCK = 4
AUDIO = ("danceability", "energy", "valence", "acousticness", "instrumentalness", "speechiness")


def situations(seed: int) -> Stream:
    """SiTunes: of four tracks that one person heard in a row, which will be rated best; by their sound."""
    sound = {
        row["item_id"]: [float(row.get(name) or 0.0) for name in AUDIO]
        for row in _rows("situnes_tracks.csv.gz")
    }
    heard: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in _rows("situnes_interactions.csv.gz"):
        if row["rating"] and row["item_id"] in sound:
            heard[row["user_id"]].append(row)
    rounds = []
    for rows in heard.values():
        rows.sort(key=lambda row: int(row["timestamp"]))
        for start in range(0, len(rows) - BLOCK + 1, BLOCK):
            block = rows[start : start + BLOCK]
            mood = [float(block[0][name] or 0.0) for name in ("emo_pre_valence", "emo_pre_arousal")]
            columns = np.array([[1.0, *sound[row["item_id"]]] for row in block])
            rewards = np.array([(float(row["rating"]) - 1.0) / 4.0 for row in block])
            rounds.append(Round(np.array([1.0, *mood]), columns, np.arange(BLOCK), rewards))
    order = np.random.default_rng(seed).permutation(len(rounds))
    return Stream("situations", BLOCK, [rounds[k] for k in order])


def _rows(name: str) -> Iterable[dict[str, str]]:
    with gzip.open(DATA / name, "rt") as file:
        yield from csv.DictReader(file)


CANDIDATES, DEMO_ROUNDS = 40, 4_000


@cache
def demo(seed: int) -> Stream:
    """The demo's world: the engine's own columns of forty candidates, and what each would truly earn."""
    from pipelines.demo.contestant import Contestant
    from pipelines.demo.settings import WorldSettings
    from pipelines.demo.tally import Tally
    from pipelines.demo.world import World
    from pipelines.settings import load_settings
    from tests.peers.watching import Watching

    world = World(WorldSettings(seed=seed, days=6, listeners=150))
    settings = load_settings(policy={"name": "uniform"}, candidates={"limit": CANDIDATES})
    life = world.begin(settings.rewards.worth)
    advisor = Watching(world, settings, life)
    tally = Tally(world.start_ms, world.end_ms, world.settings.days, ())
    for _ in Contestant("watched", life, advisor, tally).walk(world.end_ms):
        pass
    rng = np.random.default_rng(seed)
    full = [seen for seen in advisor.seen if len(seen.expected) == CANDIDATES][:DEMO_ROUNDS]
    rounds = [
        Round(
            seen.context.astype(float),
            seen.columns.astype(float),
            np.arange(CANDIDATES),
            (rng.random(CANDIDATES) < seen.expected).astype(float),
        )
        for seen in full
    ]
    return Stream("demo", CANDIDATES, rounds)


STREAMS: dict[str, Callable[[int], Stream]] = {
    "digits": digits,
    "segment": segment,
    "drift": drift,
    "ratings": ratings,
    "situations": situations,
    "demo": demo,
}
