"""The simulator is not blind: mistakes that one could make are caught by the seeds noted beside them."""

from __future__ import annotations

import pytest

from tests.faults.simulator.planted import BUGS, Planted, planted
from tests.faults.simulator.run import play
from tests.faults.simulator.script import script_of
from tests.faults.simulator.shrink import shrink

pytestmark = pytest.mark.compiled


@pytest.mark.parametrize("bug", BUGS, ids=[bug.name.replace(" ", "-") for bug in BUGS])
def test_a_planted_bug_is_caught(bug: Planted) -> None:
    """The same seed shows it every time, and nothing without it."""
    with planted(bug):
        assert play(script_of(bug.seed)).wrong

    assert not play(script_of(bug.seed)).wrong


def test_a_failing_run_shrinks_to_what_is_needed() -> None:
    """Of all faults and records few are left, and those still show the same failure."""
    bug = next(bug for bug in BUGS if bug.name == "progress is one record too much")
    script = script_of(bug.seed)
    with planted(bug):
        wrong = play(script).wrong

        least = shrink(script, wrong, runs_max=150)

        assert play(least).wrong == wrong
    assert len(least.faults) <= 2
    assert len(least.events) < len(script.events) / 2
