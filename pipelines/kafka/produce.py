"""Produce: a log of any format onto Kafka, keyed by listener, at a pace."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from kafka import KafkaProducer
from msgspec.structs import replace

from pipelines.importers import Entry
from pipelines.kafka.clients import blocking
from pipelines.kafka.errors import explained
from pipelines.kafka.topics import topics_of
from pipelines.live_settings import Kafka
from topics.codec import SCHEMA_OF, encode
from topics.dead_letter import DeadLetter
from topics.erasure import Erasure
from topics.play import Play
from topics.registry import SCHEMA_HEADER
from topics.request import Request
from topics.track import Track


class Pace(NamedTuple):
    """How fast a log is produced; without either, as fast as the brokers take it."""

    rate: float | None = None  # records a second
    speed: float | None = None  # seconds of event time a second
    now: bool = False  # event times move so that the first record happens now


class Produced(NamedTuple):
    """What was sent, and what could not be read."""

    records: int
    dead: int


def produce(entries: Iterator[Entry], settings: Kafka, pace: Pace | None = None) -> Produced:
    """Send every record of a log: listeners' to ``listener-events``, catalogue entries to ``tracks``.

    Equal keys go where Java's clients send them (murmur2). The producer is idempotent: a retry repeats
    nothing; calling this again does, with the same event ids, which serve knows for duplicates.
    """
    pace = pace or Pace()
    events, tracks = (topics_of(settings)[name].name for name in ("listener-events", "tracks"))
    clock = _Clock(pace)
    sent = dead = 0
    with explained(settings):
        producer = KafkaProducer(
            **blocking(settings),
            acks="all",
            enable_idempotence=True,
            linger_ms=5,
            batch_size=64 << 10,
            max_request_size=8 << 20,
        )
        failed: list[Exception] = []
        try:
            for entry in entries:
                record = entry.record
                if isinstance(record, DeadLetter):
                    dead += 1
                    continue
                if isinstance(record, Track):
                    topic, key, at_ms = tracks, record.track_id, None
                else:
                    record = clock.await_turn(record)
                    topic, key, at_ms = events, record.listener_id, record.at_ms
                headers = [(SCHEMA_HEADER, SCHEMA_OF[type(record)].encode())]
                future = producer.send(topic, encode(record), key.encode(), headers, timestamp_ms=at_ms)
                future.add_errback(failed.append)
                sent += 1
                if failed:
                    break
            producer.flush()
        finally:
            producer.close()
        if failed:
            raise failed[0]
    return Produced(sent, dead)


class _Clock:
    """Waits until a record's turn, and moves event times where that is asked for."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._began = 0.0
        self._first_ms: int | None = None
        self._shift_ms = 0
        self._sent = 0  # of what waits for its turn: a catalogue does not

    def await_turn(self, record: Play | Request | Erasure) -> Play | Request | Erasure:
        if self._first_ms is None:
            self._began = time.monotonic()
            self._first_ms = record.at_ms
            self._shift_ms = int(time.time() * 1_000) - record.at_ms if self._pace.now else 0
        due = 0.0
        if self._pace.rate is not None:
            due = self._sent / self._pace.rate
        elif self._pace.speed is not None:
            due = (record.at_ms - self._first_ms) / 1_000 / self._pace.speed
        self._sent += 1
        wait_s = self._began + due - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)
        if not self._shift_ms:
            return record
        if isinstance(record, Play):
            return replace(record, started_ms=record.started_ms + self._shift_ms)
        return replace(record, at_ms=record.at_ms + self._shift_ms)
