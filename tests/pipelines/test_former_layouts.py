"""Feedback of an earlier version is learned from as if its decision had had zeros in the columns of today."""

import numpy as np
import pytest
from msgspec.structs import replace

from bandits.merge import realigned
from pipelines.former_layouts import LAYOUTS, in_todays_layout, layout_of
from pipelines.learn import Learner
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES
from tests.pipelines.making import small
from topics.feedback import Feedback, FeedbackSlot

pytestmark = pytest.mark.compiled

FORMER = LAYOUTS[:-1]


def written(names: tuple[tuple[str, ...], tuple[str, ...]], part: int) -> Feedback:
    """What a version with these columns would have written, of numbers made up."""
    context_names, pair_names = names
    dice = np.random.default_rng(part)
    slots = tuple(
        FeedbackSlot(
            slot, f"t{slot}", dice.random(len(pair_names), np.float32).tobytes(), 0.5, 0.75, 0.75, first=True,
            skipped=bool(slot % 2),
        )
        for slot in range(3)
    )  # fmt: skip
    context = dice.random(len(context_names), np.float32).tobytes()
    return Feedback(
        f"d{part}", "mark", 1_735_689_600_000 + part, "recommended", "decision_id", "p", "0",
        layout_of(*names), context, slots, final=True,
    )  # fmt: skip


def test_todays_columns_are_the_newest_layout() -> None:
    """Whoever adds, removes or moves a column appends to LAYOUTS: feedback of today stays readable."""
    assert LAYOUTS[-1] == (CONTEXT_NAMES, PAIR_NAMES)
    assert layout_of(*LAYOUTS[-1]) == LAYOUT


@pytest.mark.parametrize("names", FORMER, ids=[layout_of(*names) for names in FORMER])
def test_feedback_of_a_former_layout_adds_what_realigned_evidence_of_it_has(
    names: tuple[tuple[str, ...], tuple[str, ...]],
) -> None:
    """Folded by its own columns and then realigned, or taken in today: the same bits."""
    parts = [written(names, part) for part in range(200)]
    learner, moved = Learner(small()), [in_todays_layout(part) for part in parts]
    for part in parts:
        learner.learn(part)
    by_hand = Learner(small())
    for found in moved:
        assert found is not None
        assert found.layout == LAYOUT
        by_hand.learn(found)
    assert learner.evidence.total.tobytes() == by_hand.evidence.total.tobytes()

    places = [CONTEXT_NAMES.index(name) for name in CONTEXT_NAMES if name not in names[0]]
    assert not learner.evidence.total[places].any()
    again = realigned(learner.evidence, layout_of(*names), *names)
    back = realigned(again, LAYOUT, CONTEXT_NAMES, PAIR_NAMES)
    assert back.pairs.tobytes() == learner.evidence.pairs.tobytes()
    assert back.total.tobytes() == learner.evidence.total.tobytes()

    learner.erase(parts)
    assert np.abs(learner.evidence.total).max() < 1e-9


def test_numbers_that_have_not_their_layouts_size_are_refused_as_ever() -> None:
    """They are left as they came, and the learner says which size it expects."""
    part = replace(written(FORMER[-1], 1), context=b"1234")
    assert in_todays_layout(part) is part
    with pytest.raises(ValueError, match="context"):
        Learner(small()).learn(part)


def test_a_layout_that_nobody_wrote_is_not_guessed() -> None:
    """It may be that of a newer version."""
    assert in_todays_layout(replace(written(FORMER[-1], 1), layout="of tomorrow")) is None
