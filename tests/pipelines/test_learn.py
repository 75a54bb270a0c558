"""Learn: feedback becomes evidence, evidence becomes versions when it is time."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from pipelines.learn import Learner, NewerLayout, versions_of
from pipelines.serve import FOREVER_MS, fire_timers
from pipelines.settings import Settings
from pipelines.skips import ROWS_MIN, Skips
from pipelines.views import LAYOUT, new_evidence
from tests.pipelines.making import DAY_MS, Listening, make_views, play, small, track_ids
from topics.feedback import Feedback

pytestmark = pytest.mark.compiled  # a version is a factor of a quarter of a thousand columns

FOUR = ("t1", "t2", "t3", "t4")
ALL = tuple(f"t{i}" for i in range(12))


def listened(settings: Settings, rounds: int, skip: str | None = None) -> Listening:
    """Ann, who is asked again and again, plays t1 to its end whenever it is offered, and skips another."""
    ann = Listening(settings, make_views(settings))
    for i in range(rounds):
        offered = track_ids(ann.ask(f"r{i}", 600 * i, *FOUR))
        ann.take(play(f"e{i}", "t1", 600 * i + 1, 199))
        if skip in offered:
            ann.take(play(f"s{i}", skip or "", 600 * i + 210, 2))
    ann.absorb(fire_timers(ann.state, "ann", FOREVER_MS, ann.views, settings))
    return ann


@pytest.fixture(scope="module")
def feedback() -> list[Feedback]:
    return listened(small(), 40, skip="t2").feedback


def bits(learner: Learner) -> tuple[Any, ...]:
    """All that a learner has learned, to the last bit."""
    return tuple(
        (evidence.pairs.tobytes(), evidence.total.tobytes(), evidence.rows, evidence.newest_ms)
        for evidence in (learner.evidence, learner.skips)
    )


def test_feedback_with_columns_we_do_not_know_stops_the_learner(feedback: list[Feedback]) -> None:
    """It says what to do, and nothing of it is learned."""
    learner = Learner(small())
    before = bits(learner)

    with pytest.raises(NewerLayout) as stopped:
        learner.learn(replace(feedback[0], layout="of tomorrow"))

    assert str(stopped.value) == (
        f"feedback {feedback[0].decision_id} has layout of tomorrow, expected {LAYOUT}: "
        "upgrade the learner before the servers"
    )
    assert bits(learner) == before


def test_the_first_version_is_due_after_fifty_rows_then_after_a_quarter_more(
    feedback: list[Feedback],
) -> None:
    """Early on much is learned from little; later a version waits for as much again."""
    learner = Learner(small(learning={"half_life_days": 10_000}))
    learner.version_ms = feedback[0].at_ms
    due, rows = [], 0
    for part in feedback:
        rows += len(part.slots)
        if learner.learn(part):
            due.append(rows)
            learner.make_versions()

    assert 50 <= due[0] < 60
    assert all(later >= earlier + max(50, earlier / 4) for earlier, later in pairwise(due))


@pytest.mark.parametrize(
    ("learning", "due_from_s"),
    [({"version_rows": 1}, 0), ({"version_ms": 700_000, "version_rows": 10**6}, 700), ({}, 10**6)],
    ids=["by rows", "by event time", "not yet"],
)
def test_when_a_version_is_due_is_a_setting(
    feedback: list[Feedback], learning: dict[str, Any], due_from_s: int
) -> None:
    """After so many rows, or so much event time, whichever comes first."""
    learner = Learner(small(learning=learning))
    some = [part for part in feedback if part.slots][:12]
    learner.version_ms = some[0].at_ms

    due = [learner.learn(part) for part in some]

    newest = np.maximum.accumulate([part.at_ms - some[0].at_ms for part in some])
    assert due == [at_ms >= 1_000 * due_from_s for at_ms in newest.tolist()]


def test_feedback_without_rows_makes_no_version_due(feedback: list[Feedback]) -> None:
    """A final part may say nothing new, however late it comes."""
    learner = Learner(small())

    assert not learner.learn(replace(feedback[0], slots=(), at_ms=feedback[0].at_ms + 10 * DAY_MS))


def test_what_is_played_again_and_again_comes_to_be_expected() -> None:
    """After sixty rounds the track that was always played is worth more than those that never were."""
    settings = small()
    ann = listened(settings, 60)
    learner = Learner(settings)
    for part in ann.feedback:
        learner.learn(part)

    ann.views.version, ann.views.skips = learner.make_versions()
    scores = {slot.track_id: slot.score for slot in ann.ask("after", 36_000, *FOUR).slate}

    assert scores["t1"] > max(scores["t3"], scores["t4"]) + 0.2
    assert ann.scores[-1].policy_version == "1"


def test_versions_count_up_and_stay_as_they_are(feedback: list[Feedback]) -> None:
    """What decides does not change under a decision while learning goes on."""
    learner = Learner(small())
    for part in feedback[:20]:
        learner.learn(part)
    first = learner.make_versions()
    weights = first.rewards.weights.copy()

    for part in feedback[20:]:
        learner.learn(part)
    second = learner.make_versions()

    assert (first.rewards.name, second.rewards.name, second.skips.version.name) == ("1", "2", "2")
    assert (first.rewards.weights == weights).all()
    assert not (second.rewards.weights == weights).all()


def test_without_a_new_verdict_what_tells_skips_stays_but_for_its_name(feedback: list[Feedback]) -> None:
    """The same weights under the next name."""
    learner = Learner(small())
    for part in feedback:
        learner.learn(part)

    first, second = learner.make_versions().skips, learner.make_versions().skips

    assert (first.version.name, second.version.name) == ("1", "2")
    assert second.version.weights is first.version.weights


def test_all_shards_versions_give_the_version_its_name(feedback: list[Feedback]) -> None:
    """One shard's version is its own; two make `3.5`, and add up."""
    settings = small()
    whole, halves = Learner(settings), [Learner(settings), Learner(settings)]
    for i, part in enumerate(feedback):
        whole.learn(part)
        halves[i % 2].learn(part)

    merged = versions_of([(half.evidence, half.skips) for half in halves], [3, 5], settings)

    assert (merged.rewards.name, merged.skips.version.name) == ("3.5", "3.5")
    alone = whole.make_versions().rewards
    np.testing.assert_allclose(merged.rewards.weights, alone.weights, rtol=0, atol=1e-9)


def test_organic_rows_weigh_what_the_settings_say() -> None:
    """With weight 0 they teach nothing."""
    ann = Listening()
    for i in range(10):
        slate = track_ids(ann.ask(f"r{i}", 300 * i, *ALL))
        beside = next(track for track in ALL if track not in slate)
        ann.take(play(f"e{i}", beside, 300 * i + 1, 200, decision_id="unknown"))
    organic = [part for part in ann.feedback if part.kind == "organic"]
    silent, full = Learner(small(learning={"organic_weight": 0})), Learner(small())

    for part in organic:
        silent.learn(part)
        full.learn(part)

    assert len(organic) > 5
    assert silent.evidence.rows == 0.0 < full.evidence.rows
    assert not silent.evidence.total.any()


def test_skips_are_told_after_fifty_verdicts() -> None:
    """Before that nobody says; then the skipped track is likelier to be skipped, between 0 and 1."""
    settings = small()
    ann = listened(settings, 60, skip="t2")
    learner = Learner(settings)
    unknown = Skips(versions_of([(new_evidence(settings),) * 2], [0], settings).skips.version)
    width = len(ann.feedback[0].slots[0].columns) // 4
    context, columns = np.zeros(len(ann.feedback[0].context) // 4, np.float32), np.zeros(width, np.float32)
    assert unknown.probability(context, columns) is None
    assert {slot.p_skip for slot in ann.scores[-1].slate} == {None}
    for part in ann.feedback:
        learner.learn(part)
    assert learner.skips.rows >= ROWS_MIN

    ann.views.version, ann.views.skips = learner.make_versions()
    told = {slot.track_id: slot.p_skip for slot in ann.ask("after", 36_000, *FOUR).slate}

    assert all(p is not None and 0.0 <= p <= 1.0 for p in told.values())
    assert (told["t2"] or 0.0) > (told["t1"] or 0.0) + 0.1
    assert ann.views.skips.probability(context, columns) == 0.0
