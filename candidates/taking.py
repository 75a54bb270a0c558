"""Taking: the drawn rows of all that was considered, and their scores as they are published."""

import math

import numpy as np

from numeric.arrays import Floats, Indices, Records, Singles
from numeric.dice import bits
from numeric.jit import kernel

DIGITS = 6
CONTRASTS = 4  # candidates that an organic play is told from
CONTRAST_DICE = 2_000  # number of the first of the dice that draw them


@kernel
def published(mean: float) -> float:
    """Return an expected reward in [0, 1] with 6 significant digits; tiny ones become 0.

    >>> published(-0.1), published(0.123456789), published(0.00012345678), published(3.0)
    (0.0, 0.123457, 0.000123457, 1.0)
    """
    if mean < 1e-9:
        return 0.0
    if mean >= 1.0:
        return 1.0
    scale = 1e6
    while mean * scale < 1e5:
        scale *= 10.0
    # A whole number over a power of ten is the double nearest to its decimal: it prints as such.
    return math.floor(mean * scale + 0.5) / scale


@kernel
def draw_contrasts(count: int, chosen: Indices, key: np.uint64) -> Indices:
    """Return `CONTRASTS` of ``count`` candidates outside of the slate, drawn evenly; all if there are fewer.

    Where the slate holds every candidate, of the slate itself.

    >>> drawn = draw_contrasts(100, np.arange(10), np.uint64(7))
    >>> len(drawn), bool(drawn.min() >= 10)
    (4, True)
    """
    is_left = np.ones(count, np.bool_)
    if len(chosen) < count:
        is_left[chosen] = False
    left = np.flatnonzero(is_left)
    for i in range(min(CONTRASTS, len(left))):  # the first steps of a shuffle
        j = i + int(bits(key, CONTRAST_DICE + i) % np.uint64(len(left) - i))
        left[i], left[j] = left[j], left[i]
    return left[:CONTRASTS].copy()


@kernel
def take_keys(candidates: Records, tracks: Records, low_keys: Records) -> None:
    """Write the low 16 bits of each candidate's key, for those who ask later whether a track was one."""
    for i in range(candidates.shape[0]):
        low_keys[i] = np.uint16(tracks[candidates[i]].key & np.uint64(0xFFFF))


@kernel
def take_slate(
    chosen: Indices,
    propensity: Floats,
    candidates: Records,
    sources: Records,
    means: Floats,
    columns: Singles,
    context: Singles,
    skip_weights: Floats,
    drawn: Records,
    figures: Floats,
    rows: Singles,
    slots: int,
) -> int:
    """Copy what belongs to ``chosen``, k places; return how many words of the slots' columns are not 0.

    The places are those of the slots, then those of the contrasts (`draw_contrasts`).
    Filled are drawn (2, ≥ k): handle and source; figures (4, ≥ k): mean, published score, propensity, skip
    probability; rows (≥ k, P): columns. ``skip_weights`` (C, P) tell skips; where nothing is known of
    them they are (0, 0), and the probabilities mean nothing.
    """
    told = 0
    words = columns.view(np.uint32)
    for slot in range(chosen.shape[0]):
        i = chosen[slot]
        row = columns[i]
        drawn[0, slot], drawn[1, slot] = candidates[i], sources[i]
        figures[0, slot], figures[1, slot] = means[i], published(means[i])
        figures[2, slot] = propensity[slot]
        for j in range(row.shape[0]):
            rows[slot, j] = row[j]
            if words[i, j] != 0 and slot < slots:
                told += 1
        if skip_weights.shape[0]:
            p_skip = 0.0
            for c in range(context.shape[0]):
                worth = 0.0
                for j in range(row.shape[0]):
                    worth += skip_weights[c, j] * row[j]
                p_skip += context[c] * worth
            figures[3, slot] = published(p_skip)
    return told
