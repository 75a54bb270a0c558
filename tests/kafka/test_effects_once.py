"""Nothing lost, nothing counted twice: workers die between any two effects, and the check can fail."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import pytest

from pipelines.kafka.topics import create
from pipelines.settings import Settings
from tests.faults.effects import Problems, check, listed, on_kafka
from tests.kafka.conftest import Deploy
from tests.kafka.strikes import PHASES, UNTRANSACTED, dying_before, dying_halfway, tear
from tests.kafka.traffic import Traffic
from tests.kafka.workers import WorkerProcess, wait_for, wait_idle
from tests.replay.warm import Warm

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

SECTIONS: dict[str, dict[str, object]] = {
    "sessions": {"gap_ms": 10_000, "timer_delay_ms": 1_000},
    "slates": {"attribution_window_ms": 8_000},
    "learning": {"version_rows": 200},
}
"""Timers that fire and versions that are made within seconds."""


def written(folder: Path) -> str:
    """Write the sections into a file for the workers; return its name."""
    lines = []
    for section, values in SECTIONS.items():
        lines += [f"[{section}]", *(f"{name} = {value}" for name, value in values.items())]
    (folder / "settings.toml").write_text("\n".join(lines))
    return str(folder / "settings.toml")


def settle(settings: Settings, process: WorkerProcess) -> Problems:
    """Let a worker take in all there is, stop it, and check."""
    process.wait_ready()
    wait_idle(settings, 120, ("serve", "collect"))
    assert process.stop() == 0
    problems = check(on_kafka(settings))
    print("\n".join(listed(problems)))
    return problems


def test_effects_are_once_whatever_effect_a_worker_dies_before(
    deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """One kill before each effect of each step's checkpoint, then a torn and a deleted store."""
    settings = deploy(worker={"facts_ms": 500}, **SECTIONS)
    create(settings.kafka)
    process = WorkerProcess(
        settings, tmp_path, "w", "--settings", written(tmp_path), warm=segue, instance="w"
    )
    traffic = Traffic(settings, plays=100_000, rate=60)
    traffic.start()
    random = Random(5)

    steps = ("serve", "collect", "learn")
    for k, phase in enumerate(PHASES):
        process.start(patch=dying_before(phase, steps[k % 3], turn=0 if k < 4 else 2))
        wait_for(lambda: not process.alive, 120, f"a worker to die before {phase}")
        if k == 3:
            tear(process, random)
        elif k == 6:
            shutil.rmtree(process.state)
    traffic.end()
    process.start()
    problems = settle(settings, process)

    assert not problems.found, str(problems)
    assert problems.checked["scores twice"] > 300
    assert problems.checked["evidence is not the fold of its feedback"] >= 2
    assert problems.checked["parts of feedback"] > 100


@pytest.mark.parametrize("transactions", [True, False], ids=["transactions", "none"])
def test_what_was_half_sent_shows_only_without_transactions(
    transactions: bool, deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """The same deaths twice: with transactions nothing is wrong, without them the check finds it."""
    settings = deploy(**SECTIONS)
    create(settings.kafka)
    process = WorkerProcess(
        settings, tmp_path, "w", "--settings", written(tmp_path), warm=segue, instance="w"
    )
    traffic = Traffic(settings, plays=100_000, rate=100)
    traffic.start()

    patch = "" if transactions else UNTRANSACTED
    for _ in range(2):
        process.start(patch=patch + dying_halfway(turn=5))
        wait_for(lambda: not process.alive, 120, "a worker to die in the middle of a batch")
    traffic.end()
    process.start(patch=patch)
    problems = settle(settings, process)

    if transactions:
        assert not problems.found, str(problems)
    else:
        assert problems.found["scores twice"] > 0
        assert problems.found["a decision id twice"] > 0
