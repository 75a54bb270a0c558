"""Evidence adds up: by shards, in any order, with what came late and without what was erased."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.merge import merged
from bandits.version import make_version
from tests.bandits.making import (
    HOUR_MS,
    START_MS,
    apart,
    bits_of,
    crossed,
    dense,
    empty,
    feedback,
    folded,
    joined,
    later,
    log_of,
    versions_apart,
)

half_lives = pytest.mark.parametrize(
    "half_life_ms", [0, 24 * HOUR_MS, HOUR_MS], ids=["no decay", "day", "hour"]
)


@pytest.mark.parametrize("half_life_ms", [0, 24 * HOUR_MS])
def test_evidence_is_the_weighted_sums_that_define_it(half_life_ms: int) -> None:
    """E, b and n equal the sums of w x xᵀ, w r x and w written out with dense matrices."""
    rng = np.random.default_rng(1)
    like = empty(half_life_ms=half_life_ms)
    log = log_of(rng, like, count=40, hours=100)

    evidence = folded(like, log)

    age = [
        (int(part.at_ms[0]) - evidence.landmark_ms) / half_life_ms if half_life_ms else 0.0 for part in log
    ]
    rows = [
        (2.0**a, crossed(part.context[0], part.columns), part.reward)
        for a, part in zip(age, log, strict=True)
    ]
    squares, total = dense(evidence)
    np.testing.assert_allclose(squares, sum(w * x.T @ x for w, x, _ in rows), rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(total, sum(w * x.T @ r for w, x, r in rows), rtol=1e-12, atol=1e-9)
    assert evidence.rows == pytest.approx(sum(w * len(r) for w, _, r in rows), rel=1e-12)


@pytest.mark.compiled
@half_lives
@pytest.mark.parametrize("shards", [4, 16])
def test_any_number_of_shards_gives_the_same_version(shards: int, half_life_ms: int) -> None:
    """One shard, 4 and 16 agree to 1e-9 of the norm, whatever came to which and in which order."""
    rng = np.random.default_rng(2)
    like = empty(depth=21, width=17, half_life_ms=half_life_ms)
    log = log_of(rng, like, count=400, hours=200)
    whole = make_version([folded(like, log)])

    mixed = [log[i] for i in rng.permutation(len(log))]
    parts = make_version([folded(like, mixed[shard::shards]) for shard in range(shards)])

    assert versions_apart(whole, parts) < 1e-9
    assert parts.rows == pytest.approx(whole.rows, rel=1e-12)
    assert parts.at_ms == whole.at_ms == log[-1].at_ms[0]


@given(seed=st.integers(0, 2**32), borders=st.sets(st.integers(1, 39)), hours=st.sampled_from([20, 20_000]))
def test_in_which_portions_decisions_come_changes_no_bit(seed: int, borders: set[int], hours: float) -> None:
    """Forty decisions with their later parts, one by one or many at a time, even as the landmark moves."""
    rng = np.random.default_rng(seed)
    like = empty(half_life_ms=24 * HOUR_MS)
    log = log_of(rng, like, count=20, hours=hours)
    log += [later(part, rng.random(10)) for part in log]
    portions = np.split(np.arange(40), sorted(borders))

    together = folded(like, [joined([log[i] for i in portion]) for portion in portions])

    assert bits_of(together) == bits_of(folded(like, log))


@half_lives
def test_days_add_up_like_shards(half_life_ms: int) -> None:
    """A history folded whole equals its halves folded apart and merged, then folded on."""
    rng = np.random.default_rng(3)
    like = empty(half_life_ms=half_life_ms)
    log = log_of(rng, like, count=90, hours=150)

    together = merged([folded(like, log[:30]), folded(like, log[30:60])])
    for part in log[60:]:
        together.fold(part)

    assert apart(together, folded(like, log)) < 1e-9


@given(data=st.data(), half_life_ms=st.sampled_from([0, HOUR_MS, 30 * HOUR_MS]))
def test_parts_in_any_order_are_the_reward_known_at_once(data: st.DataObject, half_life_ms: int) -> None:
    """Early and late parts of rewards, shuffled over one another, equal the final rewards folded once."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    like = empty(half_life_ms=half_life_ms)
    early = log_of(rng, like, count=6, hours=data.draw(st.sampled_from([1.0, 100.0])))
    final = [rng.random(len(part.reward)) for part in early]
    late = [later(part, reward) for part, reward in zip(early, final, strict=True)]

    shuffled = folded(like, data.draw(st.permutations(early + late)))

    at_once = folded(like, [part._replace(reward=reward) for part, reward in zip(early, final, strict=True)])
    assert apart(at_once, shuffled) < 1e-9


def test_a_slot_first_seen_in_a_late_part_enters_whole() -> None:
    """Seven slots seen, then three more with the others' changes, equal ten slots seen at once."""
    rng = np.random.default_rng(5)
    like = empty(half_life_ms=HOUR_MS)
    ten = feedback(rng, like)
    seven = ten._replace(
        columns=ten.columns[:7],
        reward=ten.reward[:7] / 2,
        reward_change=ten.reward[:7] / 2,
        first=ten.first[:7],
        ends=np.array([7]),
    )
    change = np.concatenate([ten.reward[:7] / 2, ten.reward[7:]])
    rest = ten._replace(reward_change=change, first=np.arange(10) >= 7)

    evidence = folded(like, [rest, seven])

    assert apart(folded(like, [ten]), evidence) < 1e-12


@half_lives
def test_an_erased_listener_was_never_there(half_life_ms: int) -> None:
    """Erasing every part of some decisions leaves the fold of the others."""
    rng = np.random.default_rng(6)
    like = empty(half_life_ms=half_life_ms)
    first = log_of(rng, like, count=60, hours=120)
    log = [part for rows in first for part in (rows, later(rows, rng.random(len(rows.reward))))]
    evidence = folded(like, log)

    for part in log[20:60]:
        evidence.erase(part)

    assert apart(folded(like, log[:20] + log[60:]), evidence) < 1e-9


@given(hours=st.lists(st.integers(0, 400), min_size=1, max_size=8), seed=st.integers(0, 2**32))
def test_a_moved_landmark_changes_no_bit(hours: list[int], seed: int) -> None:
    """A landmark moved after every part gives, to the last bit, what one set at once gives."""
    rng = np.random.default_rng(seed)
    like = empty(half_life_ms=HOUR_MS)
    log = [feedback(rng, like, START_MS + hour * HOUR_MS + 1_234_567) for hour in hours]
    still = empty(half_life_ms=HOUR_MS)
    still.move_landmark(START_MS // HOUR_MS * HOUR_MS + 300 * HOUR_MS)
    moved = empty(half_life_ms=HOUR_MS)

    for part in log:
        still.fold(part)
        moved.fold(part)
        moved.move_landmark(int(part.at_ms[0]) // HOUR_MS * HOUR_MS)
    moved.move_landmark(still.landmark_ms)

    assert bits_of(moved) == bits_of(still)


def test_organic_rows_weigh_what_the_caller_says() -> None:
    """A row of weight 1/4, folded four times, is one row of weight 1."""
    rng = np.random.default_rng(8)
    like = empty(half_life_ms=HOUR_MS)
    part = feedback(rng, like)
    quarters = empty(half_life_ms=HOUR_MS)

    for _ in range(4):
        quarters.fold(part._replace(weight=np.array([0.25])))

    assert apart(folded(like, [part]), quarters) < 1e-12


@given(seed=st.integers(0, 2**32), when=st.integers(0, 12), order=st.permutations(range(12)))
def test_rows_read_after_an_alarm_but_dated_before_it_weigh_less_too(
    seed: int, when: int, order: list[int]
) -> None:
    """What was folded before an alarm, or is older and late, weighs its factor times; what is newer, all."""
    rng = np.random.default_rng(seed)
    like = empty(half_life_ms=24 * HOUR_MS)
    log = log_of(rng, like, count=12, hours=48)
    evidence = empty(half_life_ms=24 * HOUR_MS)

    for i in order[:when]:
        evidence.fold(log[i])
    evidence.alarm(0.25)
    until_ms = evidence.newest_ms
    for i in order[when:]:
        evidence.fold(log[i])

    expected = empty(half_life_ms=24 * HOUR_MS)
    for part in log:
        expected.fold(part._replace(weight=np.where(part.at_ms <= until_ms, 0.25, 1.0)))
    assert apart(expected, evidence) < 1e-9


def test_alarms_are_bounded_and_the_oldest_are_joined() -> None:
    """A hundred alarms leave 32, whose product is that of all."""
    evidence = empty()

    for _ in range(100):
        evidence.alarm(0.5)

    assert len(evidence.alarms) == 32
    assert np.prod([factor for _, factor in evidence.alarms]) == 0.5**100


@pytest.mark.compiled
@pytest.mark.parametrize("half_life_ms", [0, 6 * HOUR_MS], ids=["no decay", "decay"])
def test_a_million_updates_stay_symmetric_and_positive_definite(half_life_ms: int) -> None:
    """A million rows that span less than half of the space leave λI + E with no eigenvalue below 0.999 λ."""
    rng = np.random.default_rng(9)
    evidence = empty(depth=21, width=17, half_life_ms=half_life_ms)
    slates = [feedback(rng, evidence, slots=20) for _ in range(8)]

    for i in range(50_000):
        evidence.fold(slates[i % 8]._replace(at_ms=np.array([START_MS + i * 120_000])))

    squares, _ = dense(evidence)
    assert (squares == squares.T).all()
    scale = 2.0 ** (((evidence.landmark_ms - evidence.newest_ms) / half_life_ms) if half_life_ms else 0.0)
    assert np.linalg.eigvalsh(np.eye(len(squares)) + scale * squares)[0] > 0.999
    assert make_version([evidence]).rows == pytest.approx(
        1_000_000 if not half_life_ms else 10 * 519.8, rel=0.01
    )
