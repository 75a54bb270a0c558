"""A small share of `make fuzz` in every run of the tests, and that the fuzzer finds what it looks for."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from tests.fuzz.parsers import Parser, parsers
from tests.fuzz.run import MEMORY_MAX, case_of, fuzz

pytestmark = pytest.mark.compiled

CASES = 150  # of each parser


@pytest.mark.parametrize("name", parsers())
def test_whatever_comes_is_read_or_refused(name: str) -> None:
    """No crash, no hang, no memory beyond bounds; what is refused is refused in the parser's own words."""
    told = fuzz(parsers()[name], 0, CASES)

    assert told.findings == []
    assert told.cases == CASES


def raises(data: bytes) -> None:
    """A slip that no caller expects."""
    raise KeyError(data)


def dies(data: bytes) -> None:
    """What a kernel without bounds may do."""
    os.kill(os.getpid(), signal.SIGKILL)


def spins(data: bytes) -> None:
    """A loop without an end."""
    while True:
        pass


def swells(data: bytes) -> None:
    """A bomb."""
    bytearray(2 * MEMORY_MAX)


@pytest.mark.parametrize(
    ("read", "said"),
    [(raises, "KeyError"), (dies, "died"), (spins, "more than 1.0 s"), (swells, "more than 256 MiB")],
)
def test_the_fuzzer_finds_what_it_looks_for(read: Callable[[bytes], Any], said: str) -> None:
    """Without this, silence would prove nothing."""
    calm = b"the corpus is read"
    parser = Parser("odd", [calm], lambda data: None if data == calm else read(data), (ValueError,))
    number = next(number for number in range(100) if case_of(parser, number) != calm)

    told = fuzz(parser, number, 1)

    assert [said in wrong for _, wrong in told.findings] == [True]
