"""Evidence to policy snapshots and back, bit for bit."""

import zlib

import numpy as np

from bandits.evidence import Evidence
from bandits.examples import Examples
from numeric.arrays import Floats
from numeric.jit import kernel
from numeric.unpacking import unpacked
from topics.policy_snapshot import PolicySnapshot

NUMBER = np.dtype("<f8")
NUMBERS_MAX = 1 << 23  # 64 MiB unpacked: 4,000 weights; a learner has about 500


def snapshot_of(
    evidence: Evidence, *, policy: str, shard: int, version: int, settings: str, feedback_offset: int
) -> PolicySnapshot:
    """Return the record that holds this evidence; the evidence may go on changing.

    >>> record = snapshot_of(Evidence("l", ("one",), ("one", "popular")),
    ...                      policy="softmax", shard=0, version=1, settings="", feedback_offset=-1)
    >>> len(zlib.decompress(record.evidence)) // 8  # 3 entries on and above the diagonal of E, 2 of b
    5
    """
    size = evidence.total.size
    numbers = np.empty(size * (size + 1) // 2 + size, NUMBER)
    _write_triangle(evidence.pairs, len(evidence.context_names), len(evidence.pair_names), numbers)
    numbers[-size:] = evidence.total.reshape(-1)
    return PolicySnapshot(
        policy=policy,
        shard=shard,
        version=version,
        layout=evidence.layout,
        context_names=evidence.context_names,
        pair_names=evidence.pair_names,
        settings=settings,
        feedback_offset=feedback_offset,
        landmark_ms=evidence.landmark_ms,
        newest_ms=evidence.newest_ms,
        rows=evidence.rows,
        evidence=zlib.compress(numbers.tobytes(), 1),  # sums hardly compress: the fastest level is as good
        alarms=evidence.alarms,
        watch=evidence.watch,
        examples=b"" if evidence.examples is None else evidence.examples.state(),
    )


def evidence_of(snapshot: PolicySnapshot, half_life_ms: int) -> Evidence:
    """Return the evidence in a snapshot, ready to be folded on; the half-life comes from the settings.

    Raises ValueError if the bytes do not decompress or are not as long as the names say, if the
    landmark is not a whole number of half-lives, or if a number is not finite.
    """
    place = f"snapshot {snapshot.version} of {snapshot.policy}, shard {snapshot.shard}"
    size = len(snapshot.context_names) * len(snapshot.pair_names)
    count = size * (size + 1) // 2 + size
    if count > NUMBERS_MAX:
        raise ValueError(
            f"{place}: {len(snapshot.context_names)} × {len(snapshot.pair_names)} columns are {count:,} "
            f"numbers, expected at most {NUMBERS_MAX:,}; is it one of ours?"
        )
    evidence = Evidence(snapshot.layout, snapshot.context_names, snapshot.pair_names, half_life_ms)
    evidence.move_landmark(snapshot.landmark_ms)
    expected = count * NUMBER.itemsize
    try:
        raw = unpacked(snapshot.evidence, expected)
    except ValueError as error:
        raise ValueError(
            f"{place}: the evidence does not decompress ({error}); fold its feedback again"
        ) from None
    if len(raw) != expected:
        raise ValueError(
            f"{place}: the evidence has {len(raw)} bytes, expected {expected} for "
            f"{len(snapshot.context_names)} × {len(snapshot.pair_names)} columns; fold its feedback again"
        )
    numbers = np.frombuffer(raw, NUMBER).astype(np.float64)
    if not (np.isfinite(numbers).all() and np.isfinite(snapshot.rows)):
        raise ValueError(f"{place}: a number is not finite; go back to the snapshot before")
    _read_triangle(numbers, len(evidence.context_names), len(evidence.pair_names), evidence.pairs)
    evidence.total[:] = numbers[-size:].reshape(evidence.total.shape)
    evidence.rows, evidence.newest_ms = snapshot.rows, snapshot.newest_ms
    evidence.alarms, evidence.watch = snapshot.alarms, snapshot.watch
    if snapshot.examples:
        try:
            evidence.examples = Examples.resumed(snapshot.examples, *evidence.total.shape)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    return evidence


@kernel
def _write_triangle(pairs: Floats, depth: int, width: int, out: Floats) -> None:
    """Write the rows of E from their diagonal on, one after the other."""
    at = 0
    for i in range(depth):
        for a in range(width):
            for j in range(i, depth):
                block = pairs[j * (j + 1) // 2 + i]
                for b in range(a if i == j else 0, width):
                    out[at] = block[a * (a + 1) // 2 + b] if a >= b else block[b * (b + 1) // 2 + a]
                    at += 1


@kernel
def _read_triangle(numbers: Floats, depth: int, width: int, pairs: Floats) -> None:
    """Read what `_write_triangle` wrote; entries that stand there several times are equal."""
    at = 0
    for i in range(depth):
        for a in range(width):
            for j in range(i, depth):
                block = pairs[j * (j + 1) // 2 + i]
                for b in range(a if i == j else 0, width):
                    if b >= a:
                        block[b * (b + 1) // 2 + a] = numbers[at]
                    at += 1
