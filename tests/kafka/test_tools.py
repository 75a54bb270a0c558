"""Producing, tailing, reading back and retrying, against a real broker."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from kafka import KafkaProducer

from pipelines.importers import read_log
from pipelines.kafka.clients import blocking
from pipelines.kafka.history import fetch
from pipelines.kafka.letters import headers_of
from pipelines.kafka.produce import Pace, produce
from pipelines.kafka.read import Record, read
from pipelines.kafka.retry import retry
from pipelines.kafka.tail import as_json, concerns, records_of
from pipelines.kafka.topics import create, topics_of
from pipelines.settings import Settings
from tests.kafka.conftest import Deploy
from tests.replay.logs import messy
from tests.replay.warm import Warm
from topics.codec import encode
from topics.dead_letter import DeadLetter
from topics.play import Play
from topics.scores import Scores


def topic(settings: Settings, name: str) -> list[Record]:
    return list(read(topics_of(settings.kafka)[name].name, settings.kafka))


def plays(count: int) -> Iterator[bytes]:
    for k in range(count):
        yield encode(Play(f"e{k}", f"listener {k % 7}", f"t{k % 5}", 1_735_689_600_000 + 1_000 * k)) + b"\n"


def environment(settings: Settings) -> dict[str, str]:
    return os.environ | {
        f"SEGUE_KAFKA__{name.upper()}": str(getattr(settings.kafka, name))
        for name in ("bootstrap", "prefix", "listener_partitions", "track_partitions", "shards")
    }


def test_a_log_goes_to_kafka_and_comes_back_the_same(deploy: Deploy, tmp_path: Path) -> None:
    """Plays, requests and erasures by listener, each listener's in order; the catalogue to its own topic."""
    settings = deploy(kafka={"history": True})
    create(settings.kafka)
    log, back = tmp_path / "log.jsonl", tmp_path / "back.jsonl"
    log.write_bytes(b"".join(line for line in messy(300, seed=3) if b'"schema"' in line))

    done = produce(read_log(str(log)), settings.kafka)
    count = fetch(back, settings.kafka)

    sent = [line for line in log.read_bytes().splitlines() if b"track.v1" not in line and b"film" not in line]
    came = back.read_bytes().splitlines()
    assert (count, done.records) == (len(sent), count + len(topic(settings, "tracks")))
    assert sorted(came) == sorted(sent)
    for listener in {json.loads(line)["listener_id"] for line in sent}:
        of_one = f'"listener_id":"{listener}"'.encode()
        assert [line for line in came if of_one in line] == [line for line in sent if of_one in line]


def test_keys_go_where_javas_clients_send_them(deploy: Deploy, tmp_path: Path) -> None:
    """Murmur2, as everybody else who produces for the same listeners; figures from Java's own producer."""
    settings = deploy(kafka={"listener_partitions": 8})
    create(settings.kafka)
    (tmp_path / "log.jsonl").write_bytes(
        b"".join(encode(Play(f"e-{name}", name, "t", 5)) + b"\n" for name in ("ann", "bob", "21", "foobar"))
    )

    produce(read_log(str(tmp_path / "log.jsonl")), settings.kafka)

    # Utils.murmur2 of Kafka: "21" → -973932308, "foobar" → -790332482 (kafka.common.utils.UtilsTest)
    found = {record.key: record.partition for record in topic(settings, "listener-events")}
    assert found[b"21"] == (-973_932_308 & 0x7FFFFFFF) % 8
    assert found[b"foobar"] == (-790_332_482 & 0x7FFFFFFF) % 8


def test_what_comes_live_says_when_it_was_received(deploy: Deploy, tmp_path: Path) -> None:
    """By the broker's clock; event times were moved to now, apart as before."""
    settings = deploy()
    create(settings.kafka)
    (tmp_path / "log.jsonl").write_bytes(b"".join(plays(20)))

    produce(read_log(str(tmp_path / "log.jsonl")), settings.kafka, Pace(rate=200, now=True))
    fetch(tmp_path / "back.jsonl", settings.kafka)

    lines = [json.loads(line) for line in (tmp_path / "back.jsonl").read_bytes().splitlines()]
    first = min(lines, key=lambda line: line["started_ms"])
    assert len(lines) == 20
    assert abs(first["received_ms"] - first["started_ms"]) < 5_000
    assert [line["received_ms"] for line in lines] == sorted(line["received_ms"] for line in lines)
    assert max(line["started_ms"] for line in lines) - first["started_ms"] == 19_000


def test_tail_shows_what_concerns_one_listener(deploy: Deploy, segue: Warm) -> None:
    """As lines for people or as JSON."""
    settings = deploy()
    create(settings.kafka)
    producer = KafkaProducer(**blocking(settings.kafka))
    for k, name in enumerate(("ann", "bob", "ann")):
        scores = Scores(f"d{k}", name, 1_000 * k, "home", f"e{k}", "greedy", "1", ())
        headers = [("schema", b"scores.v1")]
        producer.send(topics_of(settings.kafka)["scores"].name, encode(scores), name.encode(), headers)
    producer.close()

    args = ("tail", "scores", "--since", "start", "--no-follow", "--listener", "ann")
    as_lines = segue(*args, "--json", env=environment(settings))
    as_text = segue(*args, env=environment(settings))

    assert [json.loads(line)["decision_id"] for line in as_lines.out.splitlines()] == ["d0", "d2"]
    assert as_text.out.splitlines()[1] == "00:00:02 ann after e2 by greedy 1: nothing"


def test_dead_letters_go_back_untouched_and_once(deploy: Deploy) -> None:
    """To their topic, with their key and schema; those of other reasons stay, and a second run finds none."""
    settings = deploy()
    create(settings.kafka)
    source = topics_of(settings.kafka)["listener-events"].name
    letters = [
        DeadLetter("failed", "ZeroDivisionError", source, 7, b"\xff{}", 1, "", b"ann"),
        DeadLetter("late", "too late", source, 8, b"{}", 1, "", b"ann"),
        DeadLetter("failed", "KeyError", source, 9, b"", 1, "", b"bob"),
    ]
    producer = KafkaProducer(**blocking(settings.kafka))
    for letter in letters:
        is_null = letter.offset == 9
        headers = headers_of(letter, "request.v1", is_null=is_null)
        value = None if is_null else letter.value
        producer.send(topics_of(settings.kafka)["dead-letters"].name, value, letter.key, headers)
    producer.close()

    assert retry(settings.kafka, "segue", ["failed"]) == (2, 1)
    assert retry(settings.kafka, "segue", ["failed"]) == (0, 0)

    back = topic(settings, "listener-events")
    assert {(record.key, record.value, record.headers[0][1]) for record in back} == {
        (b"ann", b"\xff{}", b"request.v1"),
        (b"bob", None, b"request.v1"),
    }
    tailed = list(records_of(iter(topic(settings, "dead-letters")), "dead-letters"))
    assert [one.detail for one in tailed if concerns(one, "ann", "")] == ["ZeroDivisionError", "too late"]
    assert '"reason":"late"' in as_json(tailed[1])
