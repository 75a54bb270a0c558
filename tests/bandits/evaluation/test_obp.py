"""Our estimators beside those of the Open Bandit Pipeline, on one made-up log."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bandits.evaluation import FIRST_SLOT, SLATE
from bandits.evaluation.doubly_robust import DrOs, SwitchDr
from bandits.evaluation.inverse_propensity import ClippedIps
from bandits.evaluation.judged import Estimator, Judged
from bandits.evaluation.sums import Sums

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "obp_golden.json").read_text())
SET_AS_THEIRS: dict[str, Estimator] = {  # as make_obp_golden.py sets them
    "clipped_ips": ClippedIps(limit=3.0),
    "switch_dr": SwitchDr(limit=3.0),
    "dr_os": DrOs(shrinkage=5.0),
}


def judged_of(inputs: dict[str, Any], slots: int) -> Judged:
    """The inputs of obp as ours: of all tracks' shares and expectations only what estimators ask for."""
    shape = (len(inputs["action"]), slots)
    action = np.reshape(inputs["action"], shape)[:, :, None]
    target = np.reshape(inputs["target"], (*shape, -1))
    expected = np.reshape(inputs["expected"], (*shape, -1))
    return Judged(
        ratio=np.take_along_axis(target, action, 2)[:, :, 0] / np.reshape(inputs["propensity"], shape),
        reward=np.reshape(inputs["reward"], shape),
        expected=np.take_along_axis(expected, action, 2)[:, :, 0],
        value=(target * expected).sum(axis=2),
    )


@pytest.mark.parametrize("name", [*FIRST_SLOT, *SLATE])
def test_estimates_are_those_of_obp(name: str) -> None:
    """Every estimator gives what obp 0.5.7 gives for the same log, to 1e-9."""
    kind, slots = ("first_slot", 1) if name in FIRST_SLOT else ("slates", 3)
    golden = GOLDEN[kind]
    judged = judged_of(golden["inputs"], slots)
    sums = Sums([SET_AS_THEIRS.get(name) or (FIRST_SLOT | SLATE)[name]])

    sums.add(judged, np.arange(len(judged.ratio), dtype=np.uint64))

    assert sums.estimates()[0] == pytest.approx(golden["obp"][name], rel=1e-9)
