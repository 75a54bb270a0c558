"""Tally: what advice has earned, along the days of the world."""

from collections.abc import Collection, Sequence

import numpy as np

from numeric.arrays import Floats

LATE_SHARE = 0.2  # of the time, at the end: what a policy has come to


class Tally:
    """Sums over equal spans of event time, from the world's start to its end."""

    def __init__(self, start_ms: int, end_ms: int, spans: int, new_tracks: Collection[str]) -> None:
        self.start_ms, self.end_ms = start_ms, end_ms
        self.asked = np.zeros(spans)
        self.earned = np.zeros(spans)
        self.seen = np.zeros(spans)
        self.seen_new = np.zeros(spans)
        self._new_tracks = new_tracks

    def add(self, at_ms: int, reward: float, seen: Sequence[str]) -> None:
        """Count one piece of advice: what it earned, and the tracks that were looked at."""
        span = (at_ms - self.start_ms) * len(self.asked) // (self.end_ms - self.start_ms)
        self.asked[span] += 1
        self.earned[span] += reward
        self.seen[span] += len(seen)
        self.seen_new[span] += sum(track in self._new_tracks for track in seen)

    @property
    def turns(self) -> int:
        """How often advice was wanted."""
        return int(self.asked.sum())

    def mean(self, since: float = 0.0) -> float:
        """Return the mean reward from a share of the time on."""
        return _ratio(self.earned[self._span(since) :].sum(), self.asked[self._span(since) :].sum())

    def new_share(self, since: float = 0.0) -> float:
        """Return the share of looked-at slots that held new artists."""
        return _ratio(self.seen_new[self._span(since) :].sum(), self.seen[self._span(since) :].sum())

    def curve(self, smooth: int = 3) -> Floats:
        """Return the mean reward of each span that has begun, over the last ``smooth`` spans."""
        return self._smoothed(self.earned, self.asked, smooth)

    def new_curve(self, smooth: int = 3) -> Floats:
        """Return, likewise, the share of looked-at slots that held new artists."""
        return self._smoothed(self.seen_new, self.seen, smooth)

    def _smoothed(self, part: Floats, whole: Floats, smooth: int) -> Floats:
        known = np.flatnonzero(self.asked)
        length = int(known[-1]) + 1 if known.size else 0
        firsts = [max(0, end - smooth) for end in range(1, length + 1)]
        spans = [slice(first, end) for end, first in enumerate(firsts, 1)]
        return np.array([_ratio(part[s].sum(), whole[s].sum()) for s in spans])

    def _span(self, since: float) -> int:
        return round(since * len(self.asked))


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else 0.0
