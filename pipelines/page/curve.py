"""Curve: means over equal spans of event time, of the newest spans."""

from collections import deque

SPANS_KEPT = 2_000


class Curve:
    """Sums by span; a span may be added to for as long as it is kept, so what is learned late counts, too.

    >>> curve = Curve(span_ms=10)
    >>> for at_ms, value in ((100, 1.0), (105, 0.0), (121, 1.0)):
    ...     curve.add(at_ms, value)
    >>> curve.start_ms, curve.means(), curve.means(smooth=3)
    (100, [0.5, 0.0, 1.0], [0.5, 0.5, 0.6667])
    """

    def __init__(self, span_ms: int, keep: int = SPANS_KEPT) -> None:
        self.span_ms = span_ms
        self._totals: deque[float] = deque(maxlen=keep)
        self._counts: deque[float] = deque(maxlen=keep)
        self._newest = -1  # span, counted since 1970

    @property
    def start_ms(self) -> int:
        """Where the first span that is kept begins; 0 while there is none."""
        return (self._newest + 1 - len(self._totals)) * self.span_ms if self._totals else 0

    def add(self, at_ms: int, total: float, count: float = 1.0) -> None:
        """Add so many values that sum to ``total``; those of a span that is no longer kept are let go."""
        span = at_ms // self.span_ms
        if not self._totals:
            self._newest = span - 1
        for _ in range(min(span - self._newest, self._totals.maxlen or 0)):
            self._totals.append(0.0)
            self._counts.append(0.0)
        self._newest = max(self._newest, span)
        place = span - self._newest - 1
        if -place <= len(self._totals):
            self._totals[place] += total
            self._counts[place] += count

    def means(self, smooth: int = 1, since_ms: int | None = None) -> list[float]:
        """Return the mean over the last ``smooth`` spans as of each span, 0 where nothing is known.

        The curve begins at ``since_ms``, at its first span where that is not given.
        """
        start = self.start_ms // self.span_ms
        first = start if since_ms is None else since_ms // self.span_ms
        totals, counts = list(self._totals), list(self._counts)
        found = []
        for span in range(first, self._newest + 1):
            window = slice(max(span - smooth + 1 - start, 0), max(span + 1 - start, 0))
            count = sum(counts[window])
            found.append(round(sum(totals[window]) / count, 4) if count else 0.0)
        return found
