"""Evidence: what a policy has learned, as sums to which any feedback can be added or taken away."""

from typing import NoReturn

import numpy as np

from bandits.examples import Examples
from bandits.kronecker import add_rows, pairs_of, settle, weigh, weights_of
from bandits.rows import Rows
from numeric.arrays import Floats
from numeric.finite import all_finite

HALF_LIVES_AHEAD = 64  # of its landmark, an evidence moves it: weights stay below 2^64
ALARMS_MAX = 32


class Evidence:
    """The sums E = Σ w x xᵀ, b = Σ w r x and n = Σ w over feedback rows x = context ⊗ columns.

    A row weighs w = 2^((at − landmark) / half-life), so folding in any order, late parts and erased
    rows included, gives the same sums to rounding, and sums of shards and of days add up
    (`bandits.merge`). The prior is not in here; it enters when a version is made (`bandits.version`).

    An evidence belongs to one owner and changes in place; it takes 8 bytes for each of
    C(C+1)/2 · P(P+1)/2 numbers, 280 KiB at C = 21 and P = 17. What raises, raises before any change.

    >>> from bandits.rows import decision_rows
    >>> evidence = Evidence("l", ("one", "hour"), ("one", "popular"), half_life_ms=0)
    >>> row = np.ones((1, 2), np.float32)
    >>> evidence.fold(decision_rows(5, row[0], row, np.ones(1)))
    >>> evidence.rows, evidence.total.tolist()
    (1.0, [[1.0, 1.0], [1.0, 1.0]])

    Source: Bishop (2006), "Pattern recognition and machine learning", section 3.3, for the sums; Cormode,
    Shkapenyuk, Srivastava & Xu (2009), "Forward decay: a practical time decay model for streaming
    systems", for weights that grow from a landmark instead of shrinking every sum.
    """

    def __init__(
        self, layout: str, context_names: tuple[str, ...], pair_names: tuple[str, ...], half_life_ms: int = 0
    ) -> None:
        for side, names in (("context_names", context_names), ("pair_names", pair_names)):
            if not names or len(set(names)) < len(names):
                raise ValueError(f"{side} is {names}, expected one or more names, each once")
        if half_life_ms < 0:
            raise ValueError(f"half_life_ms is {half_life_ms}, expected milliseconds, or 0 for no decay")
        self.layout = layout
        self.context_names = context_names
        self.pair_names = pair_names
        self.half_life_ms = half_life_ms
        self.total: Floats = np.zeros((len(context_names), len(pair_names)))  # b
        self.rows = 0.0  # n
        self.landmark_ms = 0  # a whole number of half-lives since 1970
        self.newest_ms = 0  # newest decision time folded
        self.alarms: tuple[tuple[int, float], ...] = ()  # (rows dated up to, weigh this times as much)
        self.watch = b""  # the state of `bandits.drift` that watches what is folded, if any does
        self.examples: Examples | None = None  # the rows themselves, where a policy learns from those
        self._pairs: Floats = np.zeros((pairs_of(len(context_names)), pairs_of(len(pair_names))))
        self._scales: Floats = np.zeros((8, len(self._pairs)))
        self._squares: Floats = np.zeros((8, self._pairs.shape[1]))
        self._waiting = 0  # updates of E prepared, but not added yet

    @property
    def pairs(self) -> Floats:
        """E in the form of `bandits.kronecker`, (C(C+1)/2, P(P+1)/2)."""
        if self._waiting:
            self._settle()
        return self._pairs

    def fold(self, rows: Rows) -> None:
        """Add parts of some decisions' feedback, in order; folding them one by one gives the same bits.

        A first row adds to E, b and n; a later part of the same row adds its reward's change to b.
        Raises ValueError if a shape is not this evidence's or a number is not finite.
        """
        self._add(rows, 1.0)
        if len(rows.at_ms):
            self.newest_ms = max(self.newest_ms, int(rows.at_ms.max()))

    def erase(self, rows: Rows) -> None:
        """Take away what `fold` added for the same rows; ``newest_ms`` stays."""
        self._add(rows, -1.0)

    def alarm(self, factor: float) -> None:
        """Let all that was learned up to now weigh ``factor`` times as much: the world has changed.

        Rows folded later but dated up to the newest decision at the alarm weigh less too, so a late
        row gives what it had given in time. Raises ValueError unless factor is in (0, 1].
        """
        if not 0.0 < factor <= 1.0:
            raise ValueError(f"an alarm's factor is {factor}, expected a number in (0, 1]")
        self._multiply(factor)
        self.alarms = (*self.alarms, (self.newest_ms, factor))
        if len(self.alarms) > ALARMS_MAX:  # the two oldest become one, dated the later
            (_, first), (until_ms, second), *rest = self.alarms
            self.alarms = ((until_ms, first * second), *rest)

    def copy(self) -> "Evidence":
        """Return an evidence with sums of its own."""
        twin = Evidence(self.layout, self.context_names, self.pair_names, self.half_life_ms)
        twin.pairs[:], twin.total[:], twin.rows = self.pairs, self.total, self.rows
        twin.landmark_ms, twin.newest_ms = self.landmark_ms, self.newest_ms
        twin.alarms, twin.watch = self.alarms, self.watch
        twin.examples = None if self.examples is None else self.examples.copy()
        return twin

    def move_landmark(self, landmark_ms: int) -> None:
        """Date the sums from another landmark: one multiplication by a power of two, which is exact.

        Raises ValueError unless the landmark is a whole number of half-lives since 1970.
        """
        if landmark_ms % self.half_life_ms if self.half_life_ms else landmark_ms:
            raise ValueError(
                f"landmark_ms is {landmark_ms}, expected a whole number of half-lives "
                f"({self.half_life_ms} ms); without decay it stays 0"
            )
        self._multiply(weigh(self.landmark_ms, landmark_ms, self.half_life_ms))
        self.landmark_ms = landmark_ms

    def _multiply(self, factor: float) -> None:
        pairs = self.pairs
        pairs *= factor
        self.total *= factor
        self.rows *= factor

    def _add(self, rows: Rows, sign: float) -> None:
        count = len(rows.columns)
        self._check(rows)
        if not count:
            return
        told = (rows.context, rows.columns, rows.reward, rows.reward_change)
        if not all(all_finite(numbers) for numbers in told):
            self._refuse(rows)
        for at_ms in rows.at_ms.tolist() if self.half_life_ms else ():
            if at_ms - self.landmark_ms >= HALF_LIVES_AHEAD * self.half_life_ms:
                self.move_landmark(at_ms // self.half_life_ms * self.half_life_ms)
        alarms = np.array(self.alarms, np.float64).reshape(-1, 2)
        weight = weights_of(
            rows.at_ms, rows.weight, self.landmark_ms, self.half_life_ms,
            alarms[:, 0].astype(np.int64), alarms[:, 1].copy(), sign,
        )  # fmt: skip
        self._waiting, added = add_rows(
            self._pairs, self.total, self._scales, self._squares, self._waiting, rows.ends, rows.context,
            rows.columns, rows.reward, rows.reward_change, rows.first, weight, self.rows,
        )  # fmt: skip
        self.rows = float(added)
        if self.examples is not None:
            self.examples.add(rows, sign)

    def _check(self, rows: Rows) -> None:
        at_ms, weight, ends, context, columns, reward, reward_change, first = rows
        count, decisions = len(columns), len(ends)
        depth, width = self.total.shape
        fits = context.shape == (decisions, depth) and (columns.shape[-1] == width or not count)
        told = len(reward) == len(reward_change) == len(first) == count == (ends[-1] if decisions else 0)
        if not (fits and told and len(at_ms) == len(weight) == decisions):
            raise ValueError(
                f"feedback has context {context.shape}, columns {columns.shape}, reward {reward.shape}, "
                f"change {reward_change.shape} and first {first.shape}, expected ({decisions}, {depth}), "
                f"(m, {width}) and thrice (m,) for layout {self.layout}; align them first"
            )
        for moment, share in zip(at_ms.tolist(), weight.tolist(), strict=True):
            if not 0.0 <= share <= 1.0 or moment < 0:
                raise ValueError(
                    f"feedback of {moment} ms weighs {share}, expected a time since 1970 and a weight "
                    "in [0, 1]"
                )

    def _settle(self) -> None:
        settle(self._pairs, self._scales, self._squares)
        self._waiting = 0

    def _refuse(self, rows: Rows) -> NoReturn:
        parts = ("context", "columns", "reward", "reward_change")
        part, place = next((p, at) for p in parts for at in np.argwhere(~np.isfinite(getattr(rows, p))))
        names = {"context": self.context_names, "columns": self.pair_names}.get(part)
        name = f" ({names[place[-1]]})" if names else ""
        decision = place[0] if part == "context" else np.searchsorted(rows.ends, place[0], side="right")
        raise ValueError(
            f"feedback of {rows.at_ms[decision]} ms: {part}{place.tolist()}{name} is "
            f"{getattr(rows, part)[tuple(place)]}, expected a finite number; evidence untouched"
        )
