"""Measuring: one replay, with what it takes to say how sure its figures are."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from numeric.arrays import Floats
from pipelines.replay.driver import Replay
from pipelines.replay.quality import SkipTally
from pipelines.serve import Transition
from pipelines.settings import load_settings
from tests.bench.quality.runs import Run
from topics.play import Play

RESAMPLES = 1_000
FIGURES = ("hr@10", "hr@20", "mrr@10", "mrr@20")
RANKINGS = ("segue", "markov")


class Marks:
    """Watches a replay and sums up by listener: resampling needs those who are alike to stay together."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._old: set[str] = set()  # those played before the first play that counts
        self._known = self._listed = self._plays = 0
        self._by_listener: dict[str, Floats] = {}  # plays, then the figures of each ranking
        self._skips: dict[str, list[tuple[float, bool]]] = {}
        self._counted = False

    def ranked(self, play: Play, ranks: Mapping[str, int | None], *, counted: bool) -> None:
        """Add up one play, if it counts."""
        self._counted = counted
        if counted:
            self._plays += 1
            self._known += play.track_id in self._seen
            self._listed += play.track_id in self._old
            sums = self._by_listener.setdefault(play.listener_id, np.zeros(1 + 2 * len(FIGURES)))
            sums[0] += 1
            for r, name in enumerate(RANKINGS):
                rank = ranks[name]
                if rank is not None:
                    place = 1.0 / (1 + rank)
                    gains = (rank < 10, rank < 20, place * (rank < 10), place * (rank < 20))
                    sums[1 + r * len(FIGURES) : 1 + (r + 1) * len(FIGURES)] += gains
        self._seen.add(play.track_id)
        if not self._plays:
            self._old.add(play.track_id)

    def emitted(self, done: Transition) -> None:
        """Keep a skip that was foretold."""
        if self._counted and done.skip is not None and done.decided is not None:
            self._skips.setdefault(done.decided.scores.listener_id, []).append(done.skip)

    def took(self, seconds: float) -> None:
        """Let time pass."""

    def told(self, seed: int = 7) -> dict[str, Any]:
        """Return 95 % intervals by listener, and the share of plays whose track had been played before."""
        rng = np.random.default_rng(seed)
        sums = np.array(list(self._by_listener.values()))
        if len(sums) < 2:  # one listener: nobody to resample
            return {"intervals": {}, **self._shares()}
        draws = [rng.poisson(1.0, (50, len(sums))) @ sums for _ in range(RESAMPLES // 50)]
        totals = np.concatenate(draws)  # Poisson bootstrap
        low, high = np.percentile(totals[:, 1:] / totals[:, :1], [2.5, 97.5], axis=0)
        names = [(ranking, figure) for ranking in RANKINGS for figure in FIGURES]
        intervals: dict[str, Any] = {ranking: {} for ranking in RANKINGS}
        for k, (ranking, figure) in enumerate(names):
            intervals[ranking][figure] = (float(low[k]), float(high[k]))
        if self._skips:
            intervals["skip_auc"] = self._auc_interval(rng)
        return {"intervals": intervals, **self._shares()}

    def _shares(self) -> dict[str, float]:
        plays = max(self._plays, 1)
        return {"played_before": self._known / plays, "played_before_start": self._listed / plays}

    def _auc_interval(self, rng: np.random.Generator) -> tuple[float, float]:
        groups = list(self._skips.values())
        tallies = []
        for _ in range(100):
            tally = SkipTally()
            for i in rng.integers(0, len(groups), len(groups)).tolist():
                for p_skip, skipped in groups[i]:
                    tally.add(p_skip, skipped)
            tallies.append(tally.auc() or 0.5)
        low, high = np.percentile(tallies, [2.5, 97.5])
        return float(low), float(high)


def measured(run: Run, folder: Path) -> dict[str, Any]:
    """Return a replay's summary with intervals."""
    marks = Marks()
    replay = Replay(run.log.options(folder, **run.options), load_settings(None, **run.settings), watch=marks)
    return {**replay.run(), **marks.told()}
