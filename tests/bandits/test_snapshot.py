"""Snapshots: what was learned survives bit for bit, and damage is found."""

import zlib
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.evidence import Evidence
from bandits.snapshot import evidence_of, snapshot_of
from tests.bandits.making import HOUR_MS, bits_of, dense, empty, folded, log_of
from topics.codec import decode, encode
from topics.policy_snapshot import PolicySnapshot


def saved(evidence: Evidence) -> PolicySnapshot:
    return snapshot_of(evidence, policy="softmax", shard=3, version=12, settings="abc", feedback_offset=77)


@given(cut=st.integers(0, 30), seed=st.integers(0, 2**32), half_life_ms=st.sampled_from([0, HOUR_MS]))
def test_save_load_and_continue_is_bit_equal(cut: int, seed: int, half_life_ms: int) -> None:
    """Stopping anywhere, writing JSON, reading it and folding on gives the bits of never having stopped."""
    rng = np.random.default_rng(seed)
    like = empty(half_life_ms=half_life_ms)
    log = log_of(rng, like, count=30, hours=200)
    kept = folded(like, log[:cut])
    kept.alarm(0.5)

    record = decode(encode(saved(kept)), "policy-snapshot.v1")
    assert isinstance(record, PolicySnapshot)
    loaded = evidence_of(record, half_life_ms)

    assert bits_of(loaded) == bits_of(kept)
    for part in log[cut:]:
        kept.fold(part)
        loaded.fold(part)
    assert bits_of(loaded) == bits_of(kept)


def test_a_snapshot_is_the_upper_triangle_by_rows_and_then_b() -> None:
    """Anybody with zlib and numpy can read one."""
    rng = np.random.default_rng(1)
    evidence = folded(empty(), log_of(rng, empty(), count=5, hours=1))

    numbers = np.frombuffer(zlib.decompress(saved(evidence).evidence), "<f8")

    squares, total = dense(evidence)
    assert (numbers == np.concatenate([squares[np.triu_indices(len(squares))], total])).all()


def test_a_snapshot_does_not_change_with_its_evidence() -> None:
    """Taking one does not hold up folding, and folding does not reach into it."""
    rng = np.random.default_rng(2)
    log = log_of(rng, empty(), count=20, hours=1)
    evidence = folded(empty(), log[:10])
    snapshot = saved(evidence)

    for part in log[10:]:
        evidence.fold(part)

    assert bits_of(evidence_of(snapshot, 0)) == bits_of(folded(empty(), log[:10]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"evidence": b"junk"}, "shard 3: the evidence does not decompress"),
        ({"evidence": zlib.compress(bytes(80))}, "the evidence has 80 bytes, expected 720 for 3 × 4 columns"),
        ({"rows": float("nan")}, "snapshot 12 of softmax, shard 3: a number is not finite"),
        ({"evidence": zlib.compress(np.full(90, np.inf).tobytes())}, "a number is not finite; go back"),
        ({"landmark_ms": 5}, "landmark_ms is 5, expected a whole number of half-lives"),
        ({"pair_names": ("one", "p1", "p1")}, "expected one or more names, each once"),
    ],
)
def test_a_damaged_snapshot_is_refused(change: dict[str, Any], message: str) -> None:
    """What is wrong with it is said, and no evidence comes of it."""
    snapshot = msgspec.structs.replace(saved(empty(half_life_ms=HOUR_MS)), **change)

    with pytest.raises(ValueError, match=message):
        evidence_of(snapshot, HOUR_MS)
