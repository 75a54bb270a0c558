"""A flood of rubbish beside good plays goes to dead letters, and slows the good ones by less than half."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from kafka import KafkaProducer

from pipelines.kafka.clients import blocking
from pipelines.kafka.read import read
from pipelines.kafka.topics import create, topics_of
from pipelines.settings import Settings
from tests.kafka.conftest import Deploy
from tests.kafka.workers import wait_for, worker
from tests.replay.warm import Warm
from topics.codec import encode
from topics.play import Play

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

PLAYS = 4_000
RUBBISH = (b"not json", b'{"event_id":"e","listener_id":"ann"}', b"\xff\xfe", b'{"event_id":1}', b"[" * 500)


def fill(settings: Settings, *, rubbish: bool) -> None:
    """Send plays of forty listeners, each followed by a record that cannot be used, or by none."""
    topic = topics_of(settings.kafka)["listener-events"].name
    producer = KafkaProducer(**blocking(settings.kafka), linger_ms=5)
    now_ms = int(time.time() * 1_000)
    for k in range(PLAYS):
        play = Play(f"e{k}", f"listener {k % 40}", f"t{k % 97}", now_ms - 100_000 + 20 * k, length_ms=1_000)
        producer.send(topic, encode(play), play.listener_id.encode(), [("schema", b"play.v1")])
        if rubbish:
            producer.send(topic, RUBBISH[k % len(RUBBISH)], b"rubbish", [("schema", b"play.v1")])
    producer.close()


def took_s(settings: Settings, folder: Path, segue: Warm) -> tuple[float, int, int]:
    """Return CPU seconds from ready to the last score, and how many scores and letters there are."""
    scores, letters = (topics_of(settings.kafka)[name].name for name in ("scores", "dead-letters"))
    with worker(settings, folder, "--steps", "serve", warm=segue) as process:
        before = process.cpu_s()
        fill(settings, rubbish=settings.kafka.prefix.endswith("flood-"))
        wait_for(lambda: answered(settings) == PLAYS, 240, "all good plays to be scored")
        cpu = process.cpu_s() - before
        assert process.get("/ready")[0] == 200
    return cpu, len(list(read(scores, settings.kafka))), len(list(read(letters, settings.kafka)))


def answered(settings: Settings) -> int:
    time.sleep(1.0)
    return len(list(read(topics_of(settings.kafka)["scores"].name, settings.kafka)))


def test_half_of_the_records_being_rubbish_slows_good_plays_by_less_than_half(
    deploy: Deploy, segue: Warm, tmp_path: Path
) -> None:
    """As many records again that cannot be used cost less than the plays themselves, and none is lost."""
    calm = deploy()
    prefix = calm.kafka.prefix
    flooded = calm.model_copy(update={"kafka": calm.kafka.model_copy(update={"prefix": f"{prefix}flood-"})})
    for settings in (calm, flooded):
        create(settings.kafka)

    alone_s, scores, none = took_s(calm, tmp_path / "calm", segue)
    beside_s, same, letters = took_s(flooded, tmp_path / "flood", segue)

    print(f"{PLAYS} plays: {alone_s:.1f} s of CPU, beside as much rubbish {beside_s:.1f} s")
    assert (scores, none, same, letters) == (PLAYS, 0, PLAYS, PLAYS)
    assert beside_s < 2 * alone_s
