"""Bad input over Kafka: each row of the table in DESIGN 8 that a topic can bring, and what is said of it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from pipelines.kafka.clients import blocking
from pipelines.kafka.letters import letter_of
from pipelines.kafka.read import read
from pipelines.kafka.topics import create, topics_of
from tests.kafka.conftest import Deploy
from tests.kafka.workers import WorkerProcess, environment, wait_for, wait_idle, worker
from tests.replay.warm import Warm
from topics.codec import decode, encode
from topics.dead_letter import DeadLetter
from topics.play import Play

pytestmark = pytest.mark.compiled

HOUR_MS = 3_600_000


def test_every_kind_of_bad_record_is_buried_untouched_and_the_good_ones_are_served(
    deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """Reason, field and place in headers; the good plays before, between and after have their scores."""
    settings = deploy()
    create(settings.kafka)
    now_ms = int(time.time() * 1_000)
    good = [Play(f"e{k}", "ann", f"t{k}", now_ms - 60_000 + k, length_ms=1_000) for k in range(8)]
    play = encode(good[0])
    bad: list[tuple[str, bytes | None, bytes | None, str]] = [
        ("not_json", b"ann", b"not json", "play.v1"),
        ("not_json", b"ann", None, "play.v1"),  # a tombstone
        ("not_json", b"ann", b"\xff\xfe", "play.v1"),
        ("not_json", b"ann", b"x" * 1_000_000, "play.v1"),  # as large as the topic takes
        ("invalid", b"ann", b'{"event_id":"e","listener_id":"ann","track_id":"t"}', "play.v1"),
        ("invalid", b"ann", play.replace(b'started_ms":', b'started_ms":-'), "play.v1"),
        ("invalid", None, play, "play.v1"),  # a key that is null
        ("invalid", b"bob", play, "play.v1"),  # somebody else's
        ("unknown_schema", b"ann", play, "film.v9"),
        ("unknown_schema", b"t", b'{"track_id":"t"}', "track.v1"),  # known, but not on this topic
        ("future", b"ann", encode(Play("f", "ann", "t", now_ms + 2 * HOUR_MS)), "play.v1"),
        ("late", b"ann", encode(Play("l", "ann", "t", now_ms - 30 * HOUR_MS)), "play.v1"),
    ]
    producer = KafkaProducer(**blocking(settings.kafka), max_request_size=2 << 20)
    topic = topics_of(settings.kafka)["listener-events"].name
    for k, (_, key, value, schema) in enumerate(bad):
        if k < len(good):
            producer.send(topic, encode(good[k]), b"ann", [("schema", b"play.v1")])
        producer.send(topic, value, key, [("schema", schema.encode())])
    producer.close()

    with worker(settings, tmp_path, "--steps", "serve", warm=segue) as process:
        wait_idle(settings)
        assert process.get("/ready")[0] == 200
        assert 'segue_dead_letters_total{reason="late"} 1.0' in process.text("/metrics")
        status, kept = process.get("/listeners/ann")
        assert (status, kept["plays_kept"]) == (200, len(good))
        assert process.get("/listeners/nobody")[0] == 404
        assert process.stop() == 0

    letters: list[DeadLetter] = [
        letter_of(record.key, record.value, record.headers)[0]
        for record in read(topics_of(settings.kafka)["dead-letters"].name, settings.kafka)
    ]
    came = sorted((letter.reason, letter.key or b"", letter.value) for letter in letters)
    assert came == sorted((reason, key or b"", value or b"") for reason, key, value, _ in bad)
    assert {letter.field for letter in letters if letter.reason == "invalid"} == {"started_ms", "listener_id"}
    scores = [
        decode(record.value or b"", "scores.v1").cause
        for record in read(topics_of(settings.kafka)["scores"].name, settings.kafka)
    ]
    assert scores == [one.event_id for one in good]


def test_a_worker_refuses_to_start_on_topics_that_are_not_as_they_must_be(
    deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """Missing ones, and other numbers of partitions; all in one message with the way out."""
    settings = deploy()

    nothing = segue("worker", env=environment(settings))
    create(settings.kafka)
    more = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"track_partitions": 3})})
    other = segue("worker", env=environment(more))

    assert (nothing.code, other.code) == (2, 2)
    assert "listener-events is missing; segue topics create makes it" in nothing.err
    assert "4 problems with the topics" in other.err or "3 problems with the topics" in other.err
    assert "expected 3; states stay in the partition they were made in" in other.err
    assert "Traceback" not in nothing.err + other.err


def test_a_worker_halts_when_somebody_adds_partitions_under_it(
    deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """Listeners would go to partitions that do not know them; it says the way out, and starts no more."""
    settings = deploy()
    create(settings.kafka)
    topic = topics_of(settings.kafka)["listener-events"].name
    process = WorkerProcess(settings, tmp_path, "w", "--steps", "serve", warm=segue)
    process.start(patch="import pipelines.faust_worker.intake as room; room.METADATA_MS = 500")
    try:
        process.wait_ready()
        admin = KafkaAdminClient(**blocking(settings.kafka))
        admin.create_partitions({topic: 3})
        admin.close()
        wait_for(lambda: process.get("/ready")[0] == 503, 60, "the worker to halt")
        wait_for(lambda: not process.get("/ready")[1]["steps"]["serve"]["partitions"], 30, "it to let go")
        fault = process.get("/ready")[1]["steps"]["serve"]["fault"]
        assert f"{topic} has 3 partitions, expected 2; states stay in the partition" in fault
        assert "begin a deployment with another kafka.prefix" in fault
        assert process.get("/health")[0] == 200
        assert process.stop() == 0
        again = segue("worker", env=environment(settings))
        assert (again.code, "has 3 partitions, expected 2" in again.err) == (2, True)
    finally:
        process.kill()
