"""A listener asks what is known of them, and to be forgotten: `segue listener export`, `segue erase`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.importers import read_log
from pipelines.kafka.produce import produce
from pipelines.kafka.read import read
from pipelines.kafka.topics import create, topics_of
from tests.kafka.conftest import Deploy
from tests.kafka.workers import environment, wait_idle, worker
from tests.replay.warm import Warm
from topics.codec import encode_line
from topics.play import Play

pytestmark = pytest.mark.compiled

START_MS, PLAYS = 1_735_689_600_000, 24


def plays(count: int) -> bytes:
    """Plays of two listeners, who both hear the same seven tracks."""
    found = [
        Play(f"e{k}", "ann" if k % 2 else "bob", f"t{k % 7}", START_MS + 60_000 * k, heard_ms=50_000)
        for k in range(count)
    ]
    return b"".join(encode_line(play) for play in found)


def test_a_listener_is_told_all_and_then_forgotten(deploy: Deploy, segue: Warm, tmp_path: Path) -> None:
    """State and records of one of two listeners; the other stays, and the changelog has a tombstone."""
    settings = deploy(kafka={"history": True, "listener_partitions": 2, "shards": 1})
    create(settings.kafka)
    log = tmp_path / "log.jsonl"
    log.write_bytes(plays(PLAYS))
    with worker(settings, tmp_path, "--steps", "serve") as serving:
        produce(read_log(str(log)), settings.kafka)
        wait_idle(settings)

        told = json.loads(segue("listener", "export", "ann", env=environment(settings)).out)
        erased = segue("erase", "ann", env=environment(settings))
        wait_idle(settings)
        known = {name: serving.get(f"/listeners/{name}")[0] for name in ("ann", "bob")}

    of_topics = told["records"]
    assert [play["track_id"] for play in told["plays"]] == [f"t{k % 7}" for k in range(PLAYS) if k % 2]
    assert told["decisions"][-1]["decision_id"] == of_topics["scores"][-1]["decision_id"]
    assert [len(of_topics[name]) for name in ("listener-events", "scores")] == [PLAYS // 2, PLAYS // 2]
    assert {record["listener_id"] for record in of_topics["listener-events"]} == {"ann"}
    assert (erased.code, known) == (0, {"ann": 404, "bob": 200})
    assert topics_of(settings.kafka)["scores"].name in erased.out
    newest = {
        record.key: record.value
        for record in read(topics_of(settings.kafka)["serve-changelog"].name, settings.kafka)
    }
    assert [value is None for key, value in newest.items() if key and b"ann" in key] == [True]
    assert [value is None for key, value in newest.items() if key and b"bob" in key] == [False]
