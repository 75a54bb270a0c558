"""Hub: hands events to any number of streams; what publishes never waits for those that read.

Events go into one ring, and each stream has only its place in it: publishing costs the same with no
stream and with a thousand. Streams wake in turn, a group at a time, so that a thousand of them are never
in anybody's way for longer than a few milliseconds. A stream that falls behind by more than the ring is
told how many it missed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

ROUND_S = 0.05  # in which every stream wakes once, at most, and gets all there is in one piece
STREAM_S = 0.0003  # a round is longer where there are many streams: so much for each
GROUPS = 16
RING = 8_192


class Event(NamedTuple):
    """One event as it is sent; ``listener_id`` is whom it concerns, None: everybody."""

    name: str
    listener_id: str | None
    text: bytes


class Hub:
    """A ring of the newest events, numbered from 1, and the streams that read it.

    ``run_id`` tells numbers of this run from those of another: a stream that comes back after a restart
    starts with what is new.
    """

    def __init__(
        self, run_id: str, ring: int = RING, on_missed: Callable[[int], object] | None = None
    ) -> None:
        self.run_id = run_id
        self.newest = 0  # number of the newest event
        self.streams = 0
        self._on_missed = on_missed  # is told how many events a slow stream was not sent
        self._ring: list[Event | None] = [None] * ring
        self._pulses = [asyncio.Event() for _ in range(GROUPS)]
        self._opened = 0  # streams, ever
        self._waking = False
        self._woken_for = 0  # newest event as of the round under way

    def publish(self, name: str, data: bytes, listener_id: str | None = None) -> None:
        """Give one event, one line of JSON, to all streams that want it."""
        self.newest += 1
        head = f"id: {self.run_id}-{self.newest}\nevent: {name}\ndata: ".encode()
        self._ring[self.newest % len(self._ring)] = Event(name, listener_id, head + data + b"\n\n")
        if self.streams and not self._waking:
            self._waking = True
            self._wake_later(0)

    def _wake_later(self, group: int) -> None:
        pause_s = max(ROUND_S, self.streams * STREAM_S) / GROUPS
        asyncio.get_running_loop().call_later(pause_s, self._wake, group)

    def _wake(self, group: int) -> None:
        """Wake one group; behind the last comes another round, if there was news since this one began."""
        if group == 0:
            self._woken_for = self.newest
        pulse, self._pulses[group] = self._pulses[group], asyncio.Event()
        pulse.set()
        if group + 1 < GROUPS:
            self._wake_later(group + 1)
        elif self.newest > self._woken_for:
            self._wake_later(0)
        else:
            self._waking = False

    async def follow(
        self, names: frozenset[str], listener_id: str | None = None, last_id: str | None = None
    ) -> AsyncIterator[bytes]:
        """Yield what is published under these names, of one listener or of all, several events a piece.

        ``last_id`` is the id of the last event that the reader has: it goes on behind it, as far as the
        ring reaches back.
        """
        at = self._number_of(last_id)
        group = self._opened % GROUPS
        self._opened += 1
        self.streams += 1
        try:
            while True:
                pulse = self._pulses[group]
                oldest = max(self.newest - len(self._ring), 0)
                if at < oldest:
                    if self._on_missed is not None:
                        self._on_missed(oldest - at)
                    yield b'event: missed\ndata: {"events":%d}\n\n' % (oldest - at)
                    at = oldest
                piece = b"".join(self._since(at, names, listener_id))
                at = self.newest
                if piece:
                    yield piece
                if at == self.newest:
                    await pulse.wait()
        finally:
            self.streams -= 1

    def _since(self, at: int, names: frozenset[str], listener_id: str | None) -> list[bytes]:
        found = []
        for number in range(at + 1, self.newest + 1):
            event = self._ring[number % len(self._ring)]
            assert event is not None
            if event.name in names and listener_id in (None, event.listener_id):
                found.append(event.text)
        return found

    def _number_of(self, last_id: str | None) -> int:
        run_id, _, number = (last_id or "").rpartition("-")
        if run_id != self.run_id or not number.isdecimal():
            return self.newest
        return min(int(number), self.newest)
