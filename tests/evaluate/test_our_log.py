"""Decisions joined with their feedback, and judged."""

import math
from pathlib import Path

import numpy as np
import pytest

from pipelines.evaluate import ours
from pipelines.evaluate.run import evaluate
from pipelines.settings import load_settings
from tests.evaluate.making import decision, feedback, snapshot, written

SETTINGS = load_settings()


def test_ips_by_hand(tmp_path: Path) -> None:
    """Two decisions of three tracks: uniform would have earned mean(⅓/½ · 0.8, ⅓/¼ · 0.3)."""
    log = written(
        tmp_path,
        [decision("a", (1, 0), (0.5, 0.5)), decision("b", (2, 1), (0.25, 0.5), listener="bob")],
        [feedback("a", {0: 0.8}), feedback("b", {0: 0.3, 1: 0.0})],
    )

    result = evaluate(log[0], ["uniform"], SETTINGS, feedback=log[1], slots=1)

    ips = result["policies"]["uniform"]["first_slot"]["ips"]["value"]
    assert ips == pytest.approx((0.8 / 3 / 0.5 + 0.3 / 3 / 0.25) / 2)
    assert result["logged"]["first_slot"]["value"] == pytest.approx(0.55)


def test_slates_by_hand(tmp_path: Path) -> None:
    """RIPS: the second slot weighs by both ratios; a slot beyond those seen earned 0."""
    log = written(tmp_path, [decision("a", (1, 0), (0.5, 0.8))], [feedback("a", {0: 0.2, 1: 1.0})])

    result = evaluate(log[0], ["uniform"], SETTINGS, feedback=log[1], slots=5)

    first, second = (1 / 3) / 0.5, (1 / 2) / 0.8
    rips = result["policies"]["uniform"]["slate"]["rips"]["value"]
    assert rips == pytest.approx(first * 0.2 + first * second * 1.0)


def test_later_parts_take_the_place_of_earlier_ones(tmp_path: Path) -> None:
    """A reward counts as it stood at the end, however many parts told of it, once."""
    parts = [
        feedback("a", {0: 0.5}, final=False),
        feedback("a", {0: 0.9}, part=1, final=False),
        feedback("a", {}, part=2),
    ]
    log = written(tmp_path, [decision("a", (1,), (0.5,))], parts)

    result = evaluate(log[0], ["uniform"], SETTINGS, feedback=log[1])

    assert result["decisions"] == 1
    assert result["logged"]["first_slot"]["value"] == 0.9


def test_what_cannot_be_judged_is_left_out_and_counted(tmp_path: Path) -> None:
    """Organic plays, empty slates, unrepeatable and unclosed decisions, feedback of nobody's decision."""
    log = written(
        tmp_path,
        [
            decision("a", (1,), (0.5,)),
            decision("empty", (), ()),
            decision("beam", (1,), (0.5,), repeatable=False),
            decision("open", (1,), (0.5,)),
        ],
        [
            feedback("o", {0: 1.0}, kind="organic", attribution="none"),
            feedback("unknown", {0: 1.0}),
            feedback("a", {0: 1.0}),
            feedback("open", {0: 1.0}, final=False),
        ],
    )

    result = evaluate(log[0], ["uniform"], SETTINGS, feedback=log[1])

    assert result["decisions"] == 1
    assert result["left_out"] == {
        "feedback without its decision": 1,
        "not repeatable": 1,
        "organic feedback": 1,
        "still open at the end": 1,
        "without candidates": 1,
    }


def test_attributions_are_told_apart_and_add_up(tmp_path: Path) -> None:
    """What decisions credited by name, by track and not at all add to SNIPS sums to it."""
    names = {"a": ("decision_id", 0.9), "b": ("track", 0.4), "c": ("none", 0.0)}
    log = written(
        tmp_path,
        [decision(name, (k,), (0.2 + 0.2 * k,)) for k, name in enumerate(names)],
        [feedback(name, {0: r}, attribution=how) for name, (how, r) in names.items()],
    )

    result = evaluate(log[0], ["uniform"], SETTINGS, feedback=log[1])

    parts = [part["snips"]["uniform"] for part in result["attribution"].values()]
    assert list(result["attribution"]) == ["decision_id", "none", "track"]
    assert sum(parts) == pytest.approx(result["policies"]["uniform"]["first_slot"]["snips"]["value"])


def test_reading_ahead_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Feedback of listeners whose decisions were not kept costs no more than so many decisions read."""
    monkeypatch.setattr(ours, "AHEAD", 3)
    kept = [f"k{n}" for n in range(10)]
    log = written(
        tmp_path,
        [decision(name, (1,), (0.5,)) for name in kept],
        [feedback(name, {0: 1.0}) for n, known in enumerate(kept) for name in (f"lost{n}", known)],
    )
    our_log = ours.OurLog(*log, slots=1, seed=7)

    read_ahead = [len(our_log._open) for _ in our_log.closed(lambda question: np.zeros((0, 3, 1)))]

    assert len(read_ahead) == 10
    assert max(read_ahead) <= 3
    assert our_log.left_out["feedback without its decision"] == 10


def test_the_better_policy_is_found(tmp_path: Path) -> None:
    """Where the last track earns most, the policy that prefers it earns more, and surely."""
    names = [f"d{k}" for k in range(600)]
    log = written(
        tmp_path,
        [decision(name, (k % 3,), (1 / 3,), listener=f"l{k}") for k, name in enumerate(names)],
        [feedback(name, {0: (0.1, 0.5, 0.9)[k % 3]}) for k, name in enumerate(names)],
    )
    good, bad = snapshot(tmp_path / "good", 0.4), snapshot(tmp_path / "bad", -0.4)
    policies = [f"epsilon_greedy:epsilon=0.3@{path}" for path in (good, bad)]

    result = evaluate(log[0], policies, SETTINGS, feedback=log[1], reward_model=good, slots=1)

    value = {name: found["first_slot"]["dr"]["value"] for name, found in result["policies"].items()}
    assert value[policies[0]] == pytest.approx(0.8 * 0.9 + 0.1 * 0.6, abs=0.01)
    assert value[policies[1]] == pytest.approx(0.8 * 0.1 + 0.1 * 1.4, abs=0.01)
    assert result["differences"][policies[0]][policies[1]]["interval"][1] < 0
    assert all(not math.isnan(x) for x in value.values())
