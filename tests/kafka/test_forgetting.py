"""A listener asks what is known of them, and to be forgotten: `segue listener export`, `segue erase`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from pipelines.importers import read_log
from pipelines.kafka.clients import blocking
from pipelines.kafka.produce import produce
from pipelines.kafka.read import Record, read
from pipelines.kafka.topics import create, topics_of
from pipelines.live_settings import Kafka
from tests.kafka.conftest import Deploy
from tests.kafka.workers import environment, wait_idle, worker
from tests.replay.warm import Warm
from tests.state.test_rocks_purge import files_with
from topics.codec import encode_line
from topics.play import Play
from topics.registry import Topic

pytestmark = pytest.mark.compiled

START_MS, PLAYS = 1_735_689_600_000, 24
WHO = "ann-whom-it-concerns"
QUICKLY = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "max.compaction.lag.ms": "100",
    "delete.retention.ms": "100",
}
COMPACTED_S = 60.0


def plays(count: int) -> bytes:
    """Plays of two listeners, who both hear the same seven tracks."""
    found = [
        Play(f"e{k}", WHO if k % 2 else "bob", f"t{k % 7}", START_MS + 60_000 * k, heard_ms=50_000)
        for k in range(count)
    ]
    return b"".join(encode_line(play) for play in found)


def test_a_listener_is_told_all_and_then_forgotten(deploy: Deploy, segue: Warm, tmp_path: Path) -> None:
    """State and records of one of two listeners; the other stays.

    No file of the worker knows their name, nor does the changelog once it is compacted.
    """
    settings = deploy(kafka={"history": True, "listener_partitions": 2, "shards": 1})
    create(settings.kafka)
    changelog = topics_of(settings.kafka)["serve-changelog"]
    compact_quickly(changelog.name, settings.kafka)
    log = tmp_path / "log.jsonl"
    log.write_bytes(plays(PLAYS))
    with worker(settings, tmp_path, "--steps", "serve") as serving:
        produce(read_log(str(log)), settings.kafka)
        wait_idle(settings)

        told = json.loads(segue("listener", "export", WHO, env=environment(settings)).out)
        erased = segue("erase", WHO, env=environment(settings))
        wait_idle(settings)
        known = {name: serving.get(f"/listeners/{name}")[0] for name in (WHO, "bob")}

    of_topics = told["records"]
    assert [play["track_id"] for play in told["plays"]] == [f"t{k % 7}" for k in range(PLAYS) if k % 2]
    assert told["decisions"][-1]["decision_id"] == of_topics["scores"][-1]["decision_id"]
    assert [len(of_topics[name]) for name in ("listener-events", "scores")] == [PLAYS // 2, PLAYS // 2]
    assert {record["listener_id"] for record in of_topics["listener-events"]} == {WHO}
    assert (erased.code, known) == (0, {WHO: 404, "bob": 200})
    assert topics_of(settings.kafka)["scores"].name in erased.out
    assert files_with(tmp_path / "state-w", WHO.encode()) == []
    assert files_with(tmp_path / "state-w", b"bob") != []
    for name in ("feedback", "track-events", "recent-plays", "policy-snapshots"):  # a keyed hash at most
        assert not any(holds(record) for record in read(topics_of(settings.kafka)[name].name, settings.kafka))
    newest = {record.key: record.value for record in read(changelog.name, settings.kafka)}
    assert [value for key, value in newest.items() if key and WHO.encode() in key] in ([], [None])
    assert [value is None for key, value in newest.items() if key and b"bob" in key] == [False]
    wait_compacted(changelog, settings.kafka)


def holds(record: Record) -> bool:
    """Whether a record has the listener's name in its key, its value or a header."""
    parts = (record.key, record.value, *(value for _, value in record.headers))
    return any(WHO.encode() in part for part in parts if part)


def compact_quickly(topic: str, kafka: Kafka) -> None:
    """What Kafka does within a day, within seconds."""
    admin = KafkaAdminClient(**blocking(kafka))
    try:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs=QUICKLY)])
    finally:
        admin.close()


def wait_compacted(changelog: Topic, kafka: Kafka) -> None:
    """Wait until nothing of the listener is left, not even their deletion; other keys push files on."""
    producer = KafkaProducer(**blocking(kafka), acks="all")
    end = time.monotonic() + COMPACTED_S
    try:
        while any(map(holds, read(changelog.name, kafka))):
            assert time.monotonic() < end, "the changelog still holds the listener's name"
            for partition in range(changelog.partitions):
                producer.send(changelog.name, b"", b"pushes", partition=partition).get(timeout=30)
            time.sleep(0.5)
    finally:
        producer.close()
