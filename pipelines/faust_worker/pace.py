"""Pace: how long a partition waits between two transactions; their cost is shared by all of a step's here."""

import time
from collections.abc import Callable


class Pace:
    """Counts the partitions that had a transaction lately: the more they are, the longer each waits.

    >>> pace = Pace(pause_ms=10, transaction_ms=3)
    >>> pace.committed(0), pace.pause_s()
    (None, 0.01)
    >>> [pace.committed(partition) for partition in range(1, 16)][-1], pace.pause_s()
    (None, 0.048)
    """

    def __init__(
        self, pause_ms: int, transaction_ms: int, elapsed_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._pause_s, self._transaction_s = pause_ms / 1_000, transaction_ms / 1_000
        self._elapsed_s = elapsed_s
        self._committed: dict[object, float] = {}

    def committed(self, partition: object) -> None:
        """Note a transaction."""
        self._committed[partition] = self._elapsed_s()

    def pause_s(self) -> float:
        """Return the pause after a transaction, in seconds.

        A transaction begun right after the last one is refused by the broker, and the client then sleeps
        longer than this pause; beyond that, transactions cost by their number, not by their records.
        """
        since = self._elapsed_s() - 1.0
        self._committed = {partition: at for partition, at in self._committed.items() if at > since}
        return max(self._pause_s, len(self._committed) * self._transaction_s)
