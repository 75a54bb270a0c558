"""Quality: how high each ranking had the track that was played next, predicted before it was learned.

All tallies are whole numbers or sums in the order of the log, so a saved quality goes on exactly as if it had
never stopped. Measures: hit rate and mean reciprocal rank as in Hidasi et al. (2016), section 4.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from pipelines.replay.calibration import Calibration
from pipelines.replay.evaluation_start import EvaluationStart

HITS = (1, 5, 10, 20)  # HR@k
RECIPROCALS = (10, 20)  # MRR@k
DEPTH = max(*HITS, *RECIPROCALS)
THRESHOLDS = 1_001  # of the skip AUC
_LEVELS = (-1e-7, *(k / (THRESHOLDS - 1) for k in range(1, THRESHOLDS - 1)), 1 + 1e-7)  # as river has them

Openers = Literal["count", "skip"]


class RankTally(Struct):
    """How often a ranking had the played track at each place."""

    plays: int = 0
    listed: int = 0  # plays whose track was anywhere in the ranking
    at: list[int] = msgspec.field(default_factory=lambda: [0] * DEPTH)  # place → plays

    def add(self, rank: int | None) -> None:
        """Count one play; ``rank`` counts from 0, None if the ranking did not list the track."""
        self.plays += 1
        if rank is not None:
            self.listed += 1
            if rank < DEPTH:
                self.at[rank] += 1

    def summary(self) -> dict[str, float | int]:
        """Return the shares in [0, 1]: hr@k, mrr@k, recall (listed at all), and the plays counted.

        >>> tally = RankTally()
        >>> for rank in (0, 3, None, 40):
        ...     tally.add(rank)
        >>> tally.summary()["hr@5"], tally.summary()["mrr@10"], tally.summary()["recall"]
        (0.5, 0.3125, 0.75)
        """
        plays = max(self.plays, 1)
        found: dict[str, float | int] = {f"hr@{k}": sum(self.at[:k]) / plays for k in HITS}
        for k in RECIPROCALS:
            found[f"mrr@{k}"] = sum(n / place for place, n in enumerate(self.at[:k], start=1)) / plays
        return {**found, "recall": self.listed / plays, "plays": self.plays}


class SkipTally(Struct):
    """How well the skip probability tells skips from the rest: counts between thresholds."""

    skips: list[int] = msgspec.field(default_factory=lambda: [0] * (THRESHOLDS + 1))
    others: list[int] = msgspec.field(default_factory=lambda: [0] * (THRESHOLDS + 1))

    def add(self, p_skip: float, skipped: bool) -> None:
        """Count one play of which it is known whether it was skipped."""
        (self.skips if skipped else self.others)[bisect_left(_LEVELS, p_skip)] += 1

    def auc(self) -> float | None:
        """Return the area under the ROC curve in [0, 1]; None until both kinds were seen.

        The share of pairs (a skip, another play) in which the skip was thought likelier; a pair between
        the same two thresholds counts half. That is river's streaming ROCAUC, which costs 1 µs a
        threshold and play, and its import seconds.

        >>> tally = SkipTally()
        >>> for p_skip, skipped in ((0.9, True), (0.2, False), (0.4, True), (0.6, False)):
        ...     tally.add(p_skip, skipped)
        >>> tally.auc()
        0.75
        """
        pairs = sum(self.skips) * sum(self.others)
        halves = lower = 0
        for skips, others in zip(self.skips, self.others, strict=True):
            halves += skips * (2 * lower + others)
            lower += others
        return halves / (2 * pairs) if pairs else None


class Tallies(Struct):
    """Everything that is saved."""

    rankings: dict[str, RankTally]
    skip: SkipTally
    reward: float = 0.0  # sum over the plays that had one
    rewarded: int = 0
    scores: Calibration = msgspec.field(default_factory=Calibration)  # of slots that were seen
    p_skips: Calibration = msgspec.field(default_factory=Calibration)


class Quality:
    """Predict-then-learn tallies of several rankings over one log.

    >>> quality = Quality(["segue", "popular"])
    >>> if quality.counts(play=0, at_ms=0, opener=True):
    ...     quality.add({"segue": 0, "popular": None})
    >>> quality.of("segue")["hr@1"]
    1.0
    """

    def __init__(
        self,
        names: Iterable[str],
        start: EvaluationStart | None = None,
        openers: Openers = "count",
    ) -> None:
        self._tallies = Tallies({name: RankTally() for name in names}, SkipTally())
        self._start = start or EvaluationStart()
        self._openers = openers

    def counts(self, play: int, at_ms: int, opener: bool) -> bool:
        """Return whether a play is scored; ``play`` counts from 0, an opener opens its session."""
        return not (opener and self._openers == "skip") and self._start.reached(play, at_ms)

    def add(self, ranks: Mapping[str, int | None]) -> None:
        """Count one scored play: the place each ranking gave its track, from 0, None if not listed.

        Rankings that are not named have said nothing about this play.
        """
        rankings = self._tallies.rankings
        for name, rank in ranks.items():
            rankings[name].add(rank)

    def add_skip(self, p_skip: float, skipped: bool) -> None:
        """Count one scored play whose skip was predicted, p_skip in [0, 1], and is now known."""
        self._tallies.skip.add(p_skip, skipped)
        self._tallies.p_skips.add(p_skip, skipped)

    def add_reward(self, reward: float) -> None:
        """Count what one scored play earned, in [0, 1]."""
        self._tallies.reward += reward
        self._tallies.rewarded += 1

    def add_slots(self, means: Sequence[float], rewards: Sequence[float]) -> None:
        """Count what was expected of a decision's seen slots, and what they earned."""
        for mean, reward in zip(means, rewards, strict=True):
            self._tallies.scores.add(mean, reward)

    def of(self, name: str) -> dict[str, float | int]:
        """Return the measures of one ranking."""
        return self._tallies.rankings[name].summary()

    def summary(self) -> dict[str, object]:
        """Return quality → ranking → measures, and what else was tallied; None where unknown."""
        tallies = self._tallies
        return {
            "quality": {name: tally.summary() for name, tally in tallies.rankings.items()},
            "skip_auc": tallies.skip.auc(),
            "calibration_error": {"scores": tallies.scores.error(), "p_skip": tallies.p_skips.error()},
            "mean_reward": tallies.reward / tallies.rewarded if tallies.rewarded else None,
        }

    def save(self) -> bytes:
        """Return the tallies as bytes."""
        return msgspec.msgpack.encode(self._tallies)

    def restore(self, saved: bytes) -> None:
        """Go on from tallies that `save` returned, of the same rankings.

        Raises ValueError if other rankings were saved.
        """
        tallies = msgspec.msgpack.decode(saved, type=Tallies)
        if list(tallies.rankings) != list(self._tallies.rankings):
            came, expected = ", ".join(tallies.rankings), ", ".join(self._tallies.rankings)
            raise ValueError(
                f"the saved quality is of {came}, expected {expected}; start a new state directory"
            )
        self._tallies = tallies
