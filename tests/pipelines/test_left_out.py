"""What is left out of learning decides nothing."""

import numpy as np
import pytest

from pipelines.learn import Learner
from pipelines.settings import WrongSettings, load_settings
from pipelines.views import CONTEXT_NAMES, PAIR_NAMES
from tests.pipelines.making import Listening, play, small


def test_columns_and_context_entries_that_are_left_out_keep_no_weight(ann: Listening) -> None:
    """Feedback holds them as ever; the weights of all others are those of a world without them."""
    settings = small(learning={"without": ("own_recency", "experience")})
    ann.take_all([play(f"e{i}", f"t{i % 5}", 200 * i, 180 if i % 3 else 10) for i in range(40)])
    plain, without = Learner(ann.settings), Learner(settings)
    for feedback in ann.feedback:
        plain.learn(feedback)
        without.learn(feedback)

    all_of_them, fewer = plain.make_versions().rewards.weights, without.make_versions().rewards.weights

    column, entry = PAIR_NAMES.index("own_recency"), CONTEXT_NAMES.index("experience")
    assert np.abs(all_of_them[:, column]).max() > 0.0
    assert not fewer[:, column].any()
    assert not fewer[entry].any()
    assert np.abs(fewer).max() > 0.0


@pytest.mark.parametrize("name", ["bias", "popularty"])
def test_only_what_is_there_and_not_the_constant_can_be_left_out(name: str) -> None:
    """A typo never passes for an ablation."""
    with pytest.raises(WrongSettings, match=f"'{name}' can not be left out, expected some of session_length"):
        load_settings(learning={"without": (name,)})
