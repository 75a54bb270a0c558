"""Network: requests between processes and the cluster, late as the dice say, lost where a fault says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any, TypeVar

from aiokafka.errors import KafkaConnectionError, RequestTimedOutError

from tests.faults.simulator.loop import VirtualLoop

T = TypeVar("T")

FAST_S = (0.000_2, 0.004)
TIMEOUT_S = 0.8  # of a request that nobody answers


class Link:
    """One process's way to the cluster, with what is wrong with it."""

    def __init__(self, loop: VirtualLoop, random: Random) -> None:
        self._loop, self._random = loop, random
        self.away_until_s = -1.0  # nothing comes through before
        self.slow_s: dict[str, tuple[float, float]] = {}  # kind of client → until when, by how much
        self.lose: dict[str, int] = {}  # what is lost next: "request" or "answer" of a commit → how often
        self.lost: Callable[[str], None] = lambda kind: None
        self.stale_until_s = -1.0  # what consumers believe of the log's end is old until then
        self.before_stale: dict[Any, int] = {}

    @property
    def away(self) -> bool:
        return self._loop.time() < self.away_until_s

    def delay_s(self, kind: str = "") -> float:
        """How long one way takes."""
        low, high = FAST_S
        delay_s = low + (high - low) * self._random.random() ** 3
        until_s, by_s = self.slow_s.get(kind, (-1.0, 0.0))
        return delay_s + (by_s * self._random.random() if self._loop.time() < until_s else 0.0)

    async def request(self, act: Callable[[], T], kind: str = "", *, at_s: float = 0.0) -> T:
        """Do something at the cluster and come back with what it says.

        A process that dies meanwhile has asked all the same. ``at_s`` is the earliest moment of arrival.
        """
        answer: asyncio.Future[T] = self._loop.create_future()
        self.send(act, answer, kind, at_s=at_s)
        return await answer

    def send(
        self, act: Callable[[], T], answer: asyncio.Future[T], kind: str = "", *, at_s: float = 0.0
    ) -> float:
        """As `request`, with the answer put into a future; return the moment of arrival."""
        loop = self._loop
        arrives_s = max(loop.time() + self.delay_s(kind), at_s)
        if self.away:
            self._fail(answer, KafkaConnectionError(f"{kind}: no connection"), TIMEOUT_S / 4)
            return arrives_s
        if self.lose.get(f"{kind} request"):
            self._lose(f"{kind} request", answer)
            return arrives_s

        def arrive() -> None:
            try:
                result = act()
            except Exception as error:  # noqa: BLE001  it is the answer
                self._fail(answer, error, self.delay_s(kind))
                return
            if self.lose.get(f"{kind} answer"):
                self._lose(f"{kind} answer", answer)
                return
            loop.call_later(self.delay_s(kind), _settle, answer, result, context=loop.nobody)

        loop.call_at(arrives_s, arrive, context=loop.nobody)
        return arrives_s

    def _lose(self, what: str, answer: asyncio.Future[Any]) -> None:
        self.lose[what] -= 1
        self.lost(what)
        self._fail(answer, RequestTimedOutError(what), TIMEOUT_S)

    def _fail(self, answer: asyncio.Future[Any], error: Exception, after_s: float) -> None:
        def fail() -> None:
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # looked at

        self._loop.call_later(after_s, fail, context=self._loop.nobody)


def _settle(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)
