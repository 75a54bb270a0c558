"""A shortlist is the first part of a sort: by weight, ties to the smaller key."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from candidates.shortlist import ENTRY, offer

offers = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.5, 0.5000001, 2.0]), st.integers(0, 2**64 - 1)), max_size=20
)


@given(offers=offers, limit=st.integers(0, 8))
def test_a_shortlist_is_the_first_part_of_a_sort(offers: list[tuple[float, int]], limit: int) -> None:
    """Whatever the order of the offers, and however many fit."""
    shortlist, n = np.zeros(limit, ENTRY), 0

    for track, (weight, key) in enumerate(offers):
        n = offer(shortlist, n, track, weight, np.uint64(key))

    best = sorted(((-weight, key, track) for track, (weight, key) in enumerate(offers)))[:limit]
    found = [(-float(row["weight"]), int(row["key"])) for row in shortlist[:n]]
    assert found == [(weight, key) for weight, key, _ in best]
