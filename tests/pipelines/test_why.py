"""What is said about a score: every term is there, they sum to the predictor, the words name the cause."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipelines.views import PAIR_NAMES, Views
from pipelines.why import PHRASES, Slot, explain
from tests.pipelines.making import Listening, make_views, play, request, small


def asked(listening: Listening, at_s: float, *candidates: str) -> tuple[Slot, ...]:
    done = listening.take(request(f"asked-{at_s}", at_s, candidates=candidates or None))
    assert done.decided is not None
    return explain(done.decided, listening.views.version, listening.state.plays, listening.views.table)


def with_weights(views: Views, seed: int, scale: float) -> Views:
    dice = np.random.default_rng(seed)
    weights = scale * dice.standard_normal(views.version.weights.shape)
    views.version = replace(views.version, weights=weights)
    return views


@given(
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([1e-6, 0.1, 1.0, 1_000.0]),
    heard=st.lists(st.tuples(st.integers(0, 11), st.integers(0, 200)), max_size=12),
)
def test_the_reasons_of_every_track_sum_to_its_predictor(
    seed: int, scale: float, heard: list[tuple[int, int]]
) -> None:
    """Whatever was learned and heard, their sum is the linear predictor, and the score is that in [0, 1]."""
    settings = small()
    listening = Listening(settings, with_weights(make_views(settings), seed, scale))
    for number, (track, heard_s) in enumerate(heard):
        listening.take(play(f"e{number}", f"t{track}", number * 300, heard_s=heard_s))

    slots = asked(listening, 10_000)

    assert len(slots) == settings.slates.limit
    for slot in slots:
        total = sum(reason.contribution for reason in slot.reasons)
        assert total == pytest.approx(slot.mean, rel=1e-9, abs=1e-6)
        assert min(max(total, 0.0), 1.0) == pytest.approx(slot.score, abs=2e-6)
        assert {reason.term for reason in slot.reasons} == set(PAIR_NAMES)


def test_the_words_count_what_was_finished_by_the_artist(ann: Listening) -> None:
    """t0, t3, t6 and t9 are by one artist: two finished and one left early are “2 of 3”."""
    for number, (track, heard_s) in enumerate((("t0", 200), ("t3", 200), ("t6", 10))):
        ann.take(play(f"e{number}", track, number * 300, heard_s=heard_s))

    slots = {slot.track_id: slot for slot in asked(ann, 1_000, "t9", "t1")}
    by_artist = {reason.term: reason.words for reason in slots["t9"].reasons}
    by_another = {reason.term: reason.words for reason in slots["t1"].reasons}

    assert by_artist["artist_share"] == "finished 2 of 3 by a0"
    assert by_artist["artist_session"] == "100% of this session is by a0"
    assert by_artist["same_artist"] == "the same artist as “t6”"
    assert by_another["artist_share"] == "nothing by a1 yet"


def test_the_words_count_own_plays_and_skips(ann: Listening) -> None:
    """A track that was played twice and skipped once says so, and how long ago it was."""
    ann.take(play("e0", "t0", 0, heard_s=200))
    ann.take(play("e1", "t0", 300, heard_s=5))

    slots = asked(ann, 300 + 5 + 3_600, "t0", "t1")
    words = {slot.track_id: {reason.term: reason.words for reason in slot.reasons} for slot in slots}

    assert words["t0"]["own_plays"] == "played twice"
    assert words["t0"]["own_skips"] == "skipped 1 of 2"
    assert words["t0"]["own_age"] == "heard 1 h ago"
    assert words["t1"]["own_plays"] == "not played before"


def test_phrases_speak_of_columns_that_exist() -> None:
    """A column without a phrase goes by its name; a phrase without its column would never be read."""
    assert set(PHRASES) <= set(PAIR_NAMES)
