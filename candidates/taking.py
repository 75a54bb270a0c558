"""Taking: the drawn rows of all that was considered, and their scores as they are published."""

import math

import numpy as np

from numeric.arrays import Records
from numeric.jit import kernel

DIGITS = 6


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
def take_slate(
    chosen: Records,
    candidates: Records,
    sources: Records,
    means: Records,
    columns: Records,
    context: Records,
    skip_weights: Records,
) -> tuple[Records, Records, Records, Records, Records, Records]:
    """Return candidates, sources, means, published scores, columns and skip probabilities of ``chosen``.

    ``skip_weights`` (context, columns) tell skips; where nothing is known of them they are (0, 0), and
    so are the probabilities (0,).
    """
    n = chosen.shape[0]
    p_skips = np.zeros(n if skip_weights.shape[0] else 0)
    for slot in range(p_skips.shape[0]):
        row = columns[chosen[slot]]
        p_skip = 0.0
        for i in range(context.shape[0]):
            worth = 0.0
            for j in range(row.shape[0]):
                worth += skip_weights[i, j] * row[j]
            p_skip += context[i] * worth
        p_skips[slot] = published(p_skip)
    drawn = np.empty(n, np.int32)
    proposed_by = np.empty(n, np.uint8)
    expected = np.empty(n)
    scores = np.empty(n)
    rows = np.empty((n, columns.shape[1]), np.float32)
    for slot in range(n):
        i = chosen[slot]
        drawn[slot] = candidates[i]
        proposed_by[slot] = sources[i]
        expected[slot] = means[i]
        scores[slot] = published(means[i])
        rows[slot] = columns[i]
    return drawn, proposed_by, expected, scores, rows, p_skips
