"""Sender: puts records onto listener-events, and waits for what a worker makes of each."""

import asyncio
import logging
import time
from collections import OrderedDict
from contextlib import suppress
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipelines.kafka.clients import streaming
from pipelines.live_page.workers import AGAIN, Workers
from pipelines.live_settings import Kafka
from pipelines.page.problems import Problem
from topics.codec import SCHEMA_OF, encode
from topics.dead_letter import DeadLetter, Rejected
from topics.ids import name_of
from topics.play import Play
from topics.registry import SCHEMA_HEADER, Topic
from topics.request import Request
from topics.scores import Scores

log = logging.getLogger(__name__)

ANSWER_S = 10.0  # from a record to its scores, at most
LOOK_S = 0.25  # between two looks whether a record without scores was taken in
LATE_S = 0.3  # by which scores may come behind the news that they are committed
SEND_S = 5.0
BACKOFF_S = 1.0
LETTERS_KEPT = 1_000


class Place(NamedTuple):
    """Where a record is on the log."""

    partition: int
    offset: int


class Sender:
    """One idempotent producer; is told of scores and dead letters by whoever follows their topics."""

    def __init__(self, topic: Topic, workers: Workers, settings: Kafka) -> None:
        self._topic, self._workers, self._settings = topic.name, workers, settings
        self._producer: AIOKafkaProducer | None = None
        self._asked: dict[str, asyncio.Future[None]] = {}  # by the decision that will answer
        self._sent: dict[Place, asyncio.Future[None]] = {}
        self._letters: OrderedDict[Place, Rejected] = OrderedDict()  # came before we knew the place

    @property
    def ready(self) -> bool:
        """Whether Kafka takes records."""
        return self._producer is not None

    async def run(self) -> None:
        """Keep a producer until cancelled; one that has started comes back by itself."""
        while True:
            producer = AIOKafkaProducer(
                **streaming(self._settings), acks="all", enable_idempotence=True, linger_ms=0
            )
            try:
                await producer.start()
                self._producer = producer
                await asyncio.Event().wait()
            except (KafkaError, OSError) as error:
                log.warning("Kafka takes no records (%s); trying again in %.0f s", error, BACKOFF_S)
                await asyncio.sleep(BACKOFF_S)
            finally:
                self._producer = None
                await producer.stop()

    async def send(self, record: Play | Request) -> str:
        """Return what became of a record: scored, or applied where it was taken in without scores.

        Raises `Rejected` if it became a dead letter, `Problem` if Kafka does not take it (503) or no worker
        answers in time (504).
        """
        cause = record.event_id if isinstance(record, Play) else record.request_id
        decision_id = name_of(record.listener_id, cause)
        answer = self._asked.setdefault(decision_id, asyncio.get_running_loop().create_future())
        place = None
        try:
            place = await self._onto_the_log(record)
            self._sent[place] = answer
            if place in self._letters:
                raise self._letters.pop(place)
            return await self._outcome(record.listener_id, place, answer)
        finally:
            self._asked.pop(decision_id, None)
            if place is not None:
                self._sent.pop(place, None)

    def scored(self, scores: Scores) -> None:
        """Tell of scores that have come."""
        answer = self._asked.get(scores.decision_id)
        if answer is not None and not answer.done():
            answer.set_result(None)

    def buried(self, letter: DeadLetter) -> None:
        """Tell of a dead letter that has come."""
        if letter.source != self._topic:
            return
        place = Place(letter.partition, letter.offset)
        rejected = Rejected(letter.reason, letter.detail, letter.field)
        answer = self._sent.get(place)
        if answer is not None and not answer.done():
            answer.set_exception(rejected)
            return
        self._letters[place] = rejected
        if len(self._letters) > LETTERS_KEPT:
            self._letters.popitem(last=False)

    async def _onto_the_log(self, record: Play | Request) -> Place:
        headers = [(SCHEMA_HEADER, SCHEMA_OF[type(record)].encode())]
        try:
            if self._producer is None:
                raise TimeoutError
            sending = self._producer.send_and_wait(
                self._topic, encode(record), record.listener_id.encode(), headers=headers
            )
            sent = await asyncio.wait_for(sending, SEND_S)
        except (KafkaError, OSError, TimeoutError) as error:
            detail = f"Kafka did not take the record ({type(error).__name__}): send the same once more"
            raise Problem(503, detail, headers=AGAIN) from None
        return Place(sent.partition, sent.offset)

    async def _outcome(self, listener_id: str, place: Place, answer: "asyncio.Future[None]") -> str:
        ends_s = time.monotonic() + ANSWER_S
        while time.monotonic() < ends_s:
            if await _comes(answer, LOOK_S):
                return "scored"
            with suppress(Problem):  # nobody has the partition at the moment: somebody will
                kept = await self._workers.kept(listener_id)
                if kept is not None and kept.kept >= place.offset:
                    return "scored" if await _comes(answer, LATE_S) else "applied"
        raise Problem(
            504,
            f"the record is on the log (partition {place.partition}, offset {place.offset}), but no worker "
            f"has answered within {ANSWER_S:.0f} s; its scores will come",
        )


async def _comes(answer: "asyncio.Future[None]", within_s: float) -> bool:
    """Tell whether an answer comes; raises what it raises."""
    try:
        await asyncio.wait_for(asyncio.shield(answer), within_s)
    except TimeoutError:
        return False
    return True
