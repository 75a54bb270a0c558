"""Evidence and feedback to try things on, and plain dense algebra to compare with."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.evidence import Evidence
from bandits.kronecker import unfold
from bandits.rows import Rows, decision_rows
from bandits.version import Version

Array = NDArray[Any]

START_MS = 1_700_000_000_000
HOUR_MS = 3_600_000


def names(prefix: str, count: int) -> tuple[str, ...]:
    return ("one", *(f"{prefix}{i}" for i in range(1, count)))


def empty(depth: int = 3, width: int = 4, half_life_ms: int = 0) -> Evidence:
    """An evidence of ``depth`` context features and ``width`` pair columns that knows nothing."""
    return Evidence("test", names("c", depth), names("p", width), half_life_ms)


def feedback(rng: np.random.Generator, like: Evidence, at_ms: int = START_MS, slots: int = 10) -> Rows:
    """One first part of a decision: a context with zeros in it, as many rows as slots."""
    depth, width = like.total.shape
    context = np.where(rng.random(depth) < 0.7, rng.normal(size=depth), 0.0).astype(np.float32)
    columns = np.where(rng.random((slots, width)) < 0.7, rng.normal(size=(slots, width)), 0.0).astype(
        np.float32
    )
    context[0], columns[:, 0] = 1.0, 1.0
    reward = rng.random(slots)
    return decision_rows(at_ms, context, columns, reward)


def log_of(rng: np.random.Generator, like: Evidence, count: int, hours: float) -> list[Rows]:
    """Feedback of ``count`` decisions spread evenly over some hours."""
    return [feedback(rng, like, START_MS + int(i * hours * HOUR_MS / count)) for i in range(count)]


def later(rows: Rows, reward: Array) -> Rows:
    """The next part of the same decision, by which all its rewards have changed."""
    return rows._replace(reward=reward, reward_change=reward - rows.reward, first=np.zeros(len(reward), bool))


def joined(parts: list[Rows]) -> Rows:
    """Several parts as one, in order."""
    ends = np.cumsum([len(part.columns) for part in parts])
    return Rows(*(np.concatenate(field) for field in zip(*parts, strict=True)))._replace(ends=ends)


def folded(like: Evidence, parts: list[Rows]) -> Evidence:
    """What an empty evidence like this one knows after these parts."""
    out = Evidence(like.layout, like.context_names, like.pair_names, like.half_life_ms)
    for part in parts:
        out.fold(part)
    return out


def dense(evidence: Evidence) -> tuple[Array, Array]:
    """E (D, D) and b (D,) in full, as of the evidence's landmark."""
    size = evidence.total.size
    upper = np.zeros((size, size))
    unfold(evidence.pairs, len(evidence.context_names), len(evidence.pair_names), 1.0, 0.0, upper)
    return np.triu(upper) + np.triu(upper, 1).T, evidence.total.reshape(-1).copy()


def crossed(context: Array, columns: Array) -> Array:
    """Context ⊗ columns for one candidate or (m, P) of them; float64."""
    wide: Array = context.astype(float)[:, None] * columns.astype(float)[..., None, :]
    return wide.reshape(*columns.shape[:-1], -1)


def apart(one: Evidence, other: Evidence) -> float:
    """How far two evidences are from each other, as a share of their norms."""
    landmark_ms = max(one.landmark_ms, other.landmark_ms)
    worst = 0.0
    for evidence in (one, other):
        evidence.move_landmark(landmark_ms)
    for a, b in (
        (one.pairs, other.pairs),
        (one.total, other.total),
        (np.array(one.rows), np.array(other.rows)),
    ):
        worst = max(worst, float(np.linalg.norm(a - b)) / max(float(np.linalg.norm(a)), 1e-300))
    return worst


def versions_apart(one: Version, other: Version) -> float:
    """How far two versions are from each other, as a share of their norms."""
    pairs = ((one.weights, other.weights), (one.covariance, other.covariance))
    return max(float(np.linalg.norm(a - b) / np.linalg.norm(a)) for a, b in pairs)


def bits_of(evidence: Evidence) -> tuple[object, ...]:
    """All an evidence holds, to the last bit."""
    e, b = evidence.pairs.tobytes(), evidence.total.tobytes()
    return e, b, evidence.rows, evidence.landmark_ms, evidence.newest_ms, evidence.alarms
