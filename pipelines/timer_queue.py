"""TimerQueue: which listener's timer is due next, for a driver that fires them as time goes on."""

import heapq
from collections.abc import Iterator

from pipelines.timers import NEVER_MS


class TimerQueue:
    """One entry a listener, never later than its next deadline: an early one is looked at, and put back.

    >>> queue = TimerQueue()
    >>> for listener_id, at_ms in (("ann", 30), ("bob", 20), ("ann", 10)):
    ...     queue.schedule(listener_id, at_ms)
    >>> list(queue.due(20)), queue.waiting()
    ([(10, 'ann'), (20, 'bob')], [])
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._scheduled: dict[str, int] = {}

    def schedule(self, listener_id: str, at_ms: int) -> None:
        """Look at a listener at this moment, unless it will be looked at before."""
        if at_ms < self._scheduled.get(listener_id, NEVER_MS):
            self._scheduled[listener_id] = at_ms
            heapq.heappush(self._heap, (at_ms, listener_id))

    def due(self, until_ms: int) -> Iterator[tuple[int, str]]:
        """Yield (moment, listener) to ``until_ms``, the earliest first, what is scheduled meanwhile too."""
        while self._heap and self._heap[0][0] <= until_ms:
            scheduled_ms, listener_id = heapq.heappop(self._heap)
            if self._scheduled.get(listener_id) != scheduled_ms:
                continue  # an entry made before an earlier deadline came up
            del self._scheduled[listener_id]
            yield scheduled_ms, listener_id

    def waiting(self) -> list[str]:
        """Return the listeners who have an entry, by name."""
        return sorted(self._scheduled)
