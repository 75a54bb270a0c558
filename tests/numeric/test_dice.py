"""Dice without state: known answers, even faces, no memory."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numeric.dice import bits, derive, normal, uniform

KEYS = st.integers(0, 2**64 - 1)
ROLLS = 20_000


def test_the_dice_are_splitmix64() -> None:
    """The published first numbers of the generator seeded with 0 and with 1234567."""
    first = [hex(bits(np.uint64(0), k)) for k in range(3)]

    assert first == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4", "0x6c45d188009454f"]
    assert int(bits(np.uint64(1_234_567), 0)) == 6_457_827_717_110_365_317


@given(key=KEYS, places=st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_a_number_depends_on_its_key_and_place_alone(key: int, places: list[int]) -> None:
    """Asked in any order, once or again, the k-th number is the k-th number."""
    forward = {k: uniform(np.uint64(key), k) for k in places}
    backward = {k: uniform(np.uint64(key), k) for k in reversed(places)}

    assert forward == backward
    assert all(0.0 <= number < 1.0 for number in forward.values())


def chi_square(counts: np.ndarray) -> float:
    """How many standard deviations the statistic is from what even faces give."""
    even = counts.sum() / counts.size
    statistic = ((counts - even) ** 2 / even).sum()
    return float((statistic - (counts.size - 1)) / math.sqrt(2 * (counts.size - 1)))


@pytest.mark.parametrize("along", ["one key", "many keys"])
def test_every_face_comes_up_as_often_as_the_others(along: str) -> None:
    """256 faces by chi-square, whether rolled along one key or once for each of many."""
    one = np.uint64(7)
    rolls = [
        uniform(one, i) if along == "one key" else uniform(np.uint64(derive(one, np.uint64(i))), 0)
        for i in range(ROLLS)
    ]

    counts = np.bincount((np.array(rolls) * 256).astype(int), minlength=256)

    assert abs(chi_square(counts)) < 4


def test_neighbours_know_nothing_of_each_other() -> None:
    """Pairs of successive numbers, and of two keys' numbers at one place, fill a 16 × 16 board evenly."""
    one, other = (np.array([uniform(np.uint64(key), k) for k in range(ROLLS)]) for key in (1, 2))

    for x, y in [*pairwise([one[:-1], one[1:]]), (one, other)]:
        board = (x * 16).astype(int) * 16 + (y * 16).astype(int)
        assert abs(chi_square(np.bincount(board, minlength=256))) < 4


def test_normal_numbers_are_normal() -> None:
    """Mean, variance, third and fourth moment, and the tail beyond two deviations."""
    z = np.array([normal(np.uint64(11), k) for k in range(ROLLS)])
    slack = 5 / math.sqrt(ROLLS)

    assert abs(z.mean()) < slack
    assert abs(z.var() - 1) < 2 * slack
    assert abs((z**3).mean()) < 4 * slack
    assert abs((z**4).mean() - 3) < 10 * slack
    assert abs((np.abs(z) > 2).mean() - 0.0455) < slack


@given(key=KEYS, k=st.integers(0, 1_000))
def test_normal_numbers_are_box_and_muller_s(key: int, k: int) -> None:
    """Beside the same formula with the C library's functions."""
    u, v = uniform(np.uint64(key), 2 * k), uniform(np.uint64(key), 2 * k + 1)

    expected = math.sqrt(-2 * math.log(1 - u)) * math.cos(2 * math.pi * v)

    assert normal(np.uint64(key), k) == pytest.approx(expected, abs=1e-13, rel=1e-13)


def test_names_under_a_seed_have_keys_of_their_own() -> None:
    """Thousands of names under two seeds: no two keys are the same."""
    keys = {int(derive(np.uint64(seed), np.uint64(name))) for seed in (1, 2) for name in range(2_000)}

    assert len(keys) == 4_000
