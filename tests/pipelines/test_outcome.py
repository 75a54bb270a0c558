"""What became of a play, from whatever its producer knows; and what a whole decision carries."""

import math
from typing import Any

import numpy as np
import pytest

from pipelines.decide import whole_decision
from pipelines.outcome import Outcome, outcome_of, reward_of
from pipelines.settings import Settings
from pipelines.views import LAYOUT
from tests.pipelines.making import Listening, play, request, small, track_ids

UNKNOWN = math.nan


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, (UNKNOWN, -1, 0)),
        ({"heard_s": 50}, (0.25, 1, 1)),
        ({"heard_s": 150}, (0.75, 0, 1)),
        ({"heard_s": 900}, (1.0, 0, 1)),
        ({"heard_s": 50, "length_ms": 100_000}, (0.5, 0, 1)),
        ({"heard_s": 50, "skipped": False}, (0.25, 0, 1)),
        ({"heard_s": 199, "skipped": True}, (0.995, 1, 1)),
        ({"skipped": True}, (UNKNOWN, 1, 1)),
        ({"end_reason": "trackdone"}, (1.0, 0, 1)),
        ({"end_reason": "trackdone", "skipped": True}, (UNKNOWN, 1, 1)),
        ({"end_reason": "fwdbtn"}, (UNKNOWN, -1, 1)),
    ],
)
def test_an_outcome_is_read_from_what_is_known(
    known: dict[str, Any], expected: tuple[float, int, int]
) -> None:
    """Share of the record's length, else the catalogue's; the client's own verdict before the share's."""
    outcome = outcome_of(play("e", **known), 200_000, Settings())

    assert outcome == pytest.approx(expected, nan_ok=True)


def test_without_any_length_the_share_stays_unknown() -> None:
    """Heard for a while, of who knows how much: over, without a verdict."""
    assert outcome_of(play("e", heard_s=50), 0, Settings()) == pytest.approx(
        Outcome(UNKNOWN, -1, 1), nan_ok=True
    )


@pytest.mark.parametrize(
    ("stands", "reward"),
    [
        ((UNKNOWN, -1, 0, 0), 0.5),
        ((UNKNOWN, -1, 0, 1), 0.7),
        ((0.95, 0, 0, 1), 1.0),
        ((0.5, 1, 0, 1), 0.15),
        ((UNKNOWN, 1, 0, 1), 0.0),
        ((0.1, 1, 1, 1), 1.0),
        ((1.0, 0, -1, 1), 0.0),
    ],
)
def test_a_reward_is_what_the_outcome_is_worth(stands: tuple[float, int, int, int], reward: float) -> None:
    """Started, ended, completed, skipped, liked, disliked."""
    assert reward_of(stands, Settings()) == pytest.approx(reward)


def test_the_skip_share_is_a_setting() -> None:
    """Left after a quarter is no skip where a fifth is the bound."""
    settings = small(sessions={"skip_share": 0.2})

    assert outcome_of(play("e", heard_s=50), 200_000, settings).skipped == 0


def test_a_whole_decision_carries_every_candidate_as_the_policy_saw_it(ann: Listening) -> None:
    """Context, candidates, sources and columns, in one order, under the layout that names it."""
    done = ann.take(request("r1", candidates=("t1", "t2", "t3", "t4", "t5")))
    assert done.decided is not None

    whole = whole_decision(done.decided, ann.views)

    considered = done.decided.considered
    assert (whole.layout, whole.scores) == (LAYOUT, ann.scores[0])
    assert whole.candidates == ("t1", "t2", "t3", "t4", "t5")
    assert set(whole.sources) == {"requested"}
    assert set(track_ids(whole.scores)) < set(whole.candidates)
    columns = np.frombuffer(whole.columns, "<f4").reshape(len(whole.candidates), -1)
    assert columns.tolist() == considered.columns.tolist()
    assert whole.context == considered.context.tobytes()
