"""What is counted for Prometheus: each transition once, under names that follow its conventions."""

import re

import numpy as np
from msgspec.structs import replace
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from pipelines.metrics import Metrics
from tests.pipelines.making import Listening, play, request


def test_each_record_is_counted_by_what_became_of_it(ann: Listening) -> None:
    """Scored, put in its place late, or known already: one each, and two slates."""
    metrics = Metrics()

    for record in (play("e1", "t0", 600, 100), play("e0", "t1", 0, 100), play("e1", "t0", 600, 100)):
        metrics.took("play", ann.take(record))
    metrics.took("request", ann.take(request("r", 2_000)), seconds=0.002)

    outcomes = {
        outcome: metrics.value("segue_records_total", kind="play", outcome=outcome)
        for outcome in ("scored", "late_applied", "duplicate", "applied")
    }
    assert outcomes == {"scored": 1.0, "late_applied": 1.0, "duplicate": 1.0, "applied": 0.0}
    assert metrics.value("segue_decisions_total", policy="inverse_gap") == 2.0
    assert metrics.value("segue_event_to_scores_seconds_bucket", le="0.0025") == 1.0
    assert metrics.value("segue_event_to_scores_seconds_bucket", le="0.001") == 0.0


def test_a_slate_that_does_not_open_with_the_best_is_exploration(ann: Listening) -> None:
    """Whether one is counted follows from the means that were considered."""
    metrics = Metrics()
    done = ann.take(request("r", 0))
    assert done.decided is not None
    assert done.decided.pending is not None
    expected = np.array(done.decided.considered.means)

    metrics.took("request", done)
    assert metrics.value("segue_explored_decisions_total", policy="inverse_gap") == 0.0

    means = (expected.max() - 0.1, *done.decided.pending.means[1:])
    explored = done.decided._replace(pending=replace(done.decided.pending, means=means))
    metrics.took("request", replace(done, decided=explored))
    assert metrics.value("segue_explored_decisions_total", policy="inverse_gap") == 1.0


def test_what_seen_slots_earn_beyond_expectation_is_the_drift_figure(ann: Listening) -> None:
    """A track heard to its end surprises a policy that expects nothing: the sum is what the slots earned."""
    metrics = Metrics()
    scores = ann.ask("r", 0, "t1", "t2")
    ann.take(play("e", scores.slate[0].track_id, 1, 200, decision_id=scores.decision_id))

    metrics.took("request", ann.take(request("later", 20_000)))  # both decisions' windows are past

    assert metrics.value("segue_decision_reward_count") == 2.0
    assert metrics.value("segue_decision_reward_sum") > 0.5
    assert metrics.value("segue_shown_slots_total") == 1.0 + 4.0  # down to the play; all, where none came
    assert metrics.value("segue_slot_surprise_total", sign="more") == metrics.value(
        "segue_decision_reward_sum"
    )
    assert metrics.value("segue_slot_surprise_total", sign="less") == 0.0


def test_a_version_is_counted_when_it_is_taken_into_use(ann: Listening) -> None:
    """The same version again is no news."""
    metrics = Metrics()

    for version in (ann.views.version, ann.views.version, replace(ann.views.version, rows=50.0)):
        metrics.decides(version)

    assert metrics.value("segue_policy_versions_total") == 2.0
    assert metrics.value("segue_policy_rows") == 50.0


def test_names_follow_the_conventions() -> None:
    """Prometheus's own parser reads the text; names are snake case, the unit stands last."""
    families = list(text_string_to_metric_families(Metrics().text().decode()))  # type: ignore[no-untyped-call]
    ours = [family for family in families if family.name.startswith("segue_")]

    assert len(ours) >= 15
    for family in ours:
        assert re.fullmatch(r"segue(_[a-z]+)+", family.name)
        assert family.documentation
        assert not family.name.endswith(("_ms", "_millis", "_count", "_sum", "_bucket", "_total"))
