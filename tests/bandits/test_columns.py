"""Columns come and go by name; what the others learned stays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.evidence import Evidence
from bandits.merge import merged, realigned
from bandits.rows import Rows
from bandits.uniform import Uniform
from bandits.version import make_version
from tests.bandits.making import bits_of, empty, feedback, folded, log_of

CONTEXT = ("one", "c1", "c2")
PAIR = ("one", "p1", "p2", "p3")


def chosen(rows: Rows, context: list[int], pair: list[int]) -> Rows:
    """The same feedback as a layout with only these features would have written it."""
    return rows._replace(
        context=np.ascontiguousarray(rows.context[:, context]),
        columns=np.ascontiguousarray(rows.columns[:, pair]),
    )


@given(
    context=st.permutations(range(3)).flatmap(lambda p: st.integers(1, 3).map(lambda n: p[:n])),
    pair=st.permutations(range(4)).flatmap(lambda p: st.integers(1, 4).map(lambda n: p[:n])),
)
def test_removing_and_reordering_columns_is_never_having_had_them(
    context: list[int], pair: list[int]
) -> None:
    """Evidence realigned to some names, in any order, has the bits of one that folded only those columns."""
    rng = np.random.default_rng(1)
    log = log_of(rng, empty(), count=20, hours=1)
    context_names, pair_names = tuple(CONTEXT[i] for i in context), tuple(PAIR[i] for i in pair)
    never = Evidence("less", context_names, pair_names)
    for part in log:
        never.fold(chosen(part, context, pair))

    less = realigned(folded(empty(), log), "less", context_names, pair_names)

    assert bits_of(less) == bits_of(never)


def test_a_new_column_enters_with_zeros_and_moves_nobody() -> None:
    """With a column added to either side, predictions where it is 0 stay what they were."""
    rng = np.random.default_rng(2)
    old = folded(empty(), log_of(rng, empty(), count=50, hours=1))
    rows = feedback(rng, old)
    before = make_version([old]).predict(rows.context[0], rows.columns, Uniform()).mean

    wide = realigned(old, "more", ("one", "c1", "mood", "c2"), ("one", "p1", "p2", "p3", "fresh"))
    context, columns = np.insert(rows.context[0], 2, 0.0), np.insert(rows.columns, 4, 0.0, axis=1)
    after = make_version([wide]).predict(context, columns, Uniform()).mean

    np.testing.assert_allclose(after, before, rtol=1e-9)


def test_a_new_column_is_learned_from_the_day_it_enters() -> None:
    """Folding on after the change equals having known the column, at 0, from the start."""
    rng = np.random.default_rng(3)
    wide = Evidence("more", CONTEXT, (*PAIR, "fresh"))
    log = log_of(rng, wide, count=40, hours=1)
    for part in log[:20]:
        part.columns[:, 4] = 0.0
    old = empty()
    for part in log[:20]:
        old.fold(chosen(part, [0, 1, 2], [0, 1, 2, 3]))

    grown = realigned(old, "more", CONTEXT, (*PAIR, "fresh"))
    for part in log[20:]:
        grown.fold(part)

    assert bits_of(grown) == bits_of(folded(wide, log))


def test_nothing_is_lost_by_adding_a_column_and_removing_it_again() -> None:
    """There and back gives the same bits, alarms and landmark included."""
    rng = np.random.default_rng(4)
    like = empty(half_life_ms=3_600_000)
    old = folded(like, log_of(rng, like, count=10, hours=500))
    old.alarm(0.5)

    there = realigned(old, "more", ("new", *CONTEXT), (*PAIR, "fresh"))
    back = realigned(there, "test", CONTEXT, PAIR)

    assert bits_of(back) == bits_of(old)


def test_shards_that_differ_are_not_merged() -> None:
    """Other columns or another half-life are named, with the way out."""
    with pytest.raises(ValueError, match=r"shards differ in pair_names: .* align them first"):
        merged([empty(), empty(width=5)])
    with pytest.raises(ValueError, match=r"shards differ in half_life_ms: 0 and 5; .* must be the same"):
        merged([empty(), empty(half_life_ms=5)])
    with pytest.raises(ValueError, match="no evidence to merge"):
        merged([])


def test_merging_leaves_the_shards_as_they_were() -> None:
    """A merged evidence has sums of its own."""
    rng = np.random.default_rng(5)
    shard = folded(empty(), log_of(rng, empty(), count=3, hours=1))
    before = bits_of(shard)

    merged([shard]).fold(feedback(rng, shard))

    assert bits_of(shard) == before
