"""Traffic: plays, requests, erasures and rubbish of a town of listeners, now, at a rate."""

from __future__ import annotations

import threading
import time
from random import Random

from kafka import KafkaProducer

from pipelines.kafka.clients import blocking
from pipelines.kafka.topics import topics_of
from pipelines.settings import Settings
from topics.codec import SCHEMA_OF, encode
from topics.erasure import Erasure
from topics.ids import name_of
from topics.play import Play
from topics.request import Request

RUBBISH = (b"not json", b'{"event_id":"e","listener_id":"ann"}', b"\xff\xfe", None)
FLUSH = 200


class Traffic(threading.Thread):
    """Sends so many plays at a rate; `sent` counts them. It stops for nothing that happens to the broker."""

    def __init__(
        self,
        settings: Settings,
        plays: int,
        rate: float,
        listeners: int = 150,
        tracks: int = 300,
        seed: int = 7,
    ) -> None:
        super().__init__(daemon=True)
        self.sent = 0
        self.failed: BaseException | None = None
        self._settings, self._plays, self._rate, self._tracks = settings, plays, rate, tracks
        self._random = Random(seed)
        self._listeners = [f"listener {k}" for k in range(listeners)]
        self._newest: dict[str, str] = {}
        self._made = 0

    def end(self) -> None:
        """Stop sending, and wait until all that was sent is with the broker."""
        self._plays = 0
        self.join(60)

    def run(self) -> None:
        producer = KafkaProducer(
            **blocking(self._settings.kafka),
            acks="all",
            linger_ms=5,
            delivery_timeout_ms=600_000,
            max_block_ms=300_000,
        )
        began = time.monotonic()
        topic = topics_of(self._settings.kafka)["listener-events"].name
        try:
            while self.sent < self._plays:
                for record in self._turn():
                    headers = [("schema", SCHEMA_OF[type(record)].encode())]
                    producer.send(topic, encode(record), record.listener_id.encode(), headers)
                    if self._random.random() < 0.01:  # the same once more
                        producer.send(topic, encode(record), record.listener_id.encode(), headers)
                    if self._random.random() < 0.01:
                        producer.send(topic, self._random.choice(RUBBISH), b"rubbish")
                    self.sent += isinstance(record, Play)
                wait_s = began + self.sent / self._rate - time.monotonic()
                if wait_s > 0:
                    time.sleep(wait_s)
            producer.flush()
        except BaseException as error:
            self.failed = error
            raise
        finally:
            producer.close()

    def _turn(self) -> list[Play | Request | Erasure]:
        random = self._random
        self._made += 1
        listener = random.choice(self._listeners)
        now_ms = int(time.time() * 1_000)
        heard_ms = random.choice((300, 900, 1_000))
        started_ms = now_ms - heard_ms - (20_000 if random.random() < 0.01 else 0)  # some come late
        track = f"t{min(int(random.expovariate(1 / 40)), self._tracks - 1)}"
        before = self._newest.get(listener)
        answers = name_of(listener, before) if before and random.random() < 0.2 else None
        play = Play(
            f"e{self._made}", listener, track, started_ms, heard_ms, length_ms=1_000, decision_id=answers
        )
        self._newest[listener] = play.event_id
        found: list[Play | Request | Erasure] = []
        if random.random() < 0.2:
            found.append(Play(f"s{self._made}", listener, track, started_ms, length_ms=1_000))
        found.append(play)
        if random.random() < 0.05:
            found.append(Request(f"r{self._made}", listener, now_ms))
        if random.random() < 0.002:
            found.append(Erasure(listener, now_ms))
        return found
