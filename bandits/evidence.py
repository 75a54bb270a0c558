"""Evidence: what a policy has learned, as sums to which any feedback can be added or taken away."""

import numpy as np

from bandits.kronecker import add_rows, pairs_of, weigh
from bandits.rows import Rows
from numeric.arrays import Floats

HALF_LIVES_AHEAD = 64  # of its landmark, an evidence moves it: weights stay below 2^64
ALARMS_MAX = 32


class Evidence:
    """The sums E = Σ w x xᵀ, b = Σ w r x and n = Σ w over feedback rows x = context ⊗ columns.

    A row weighs w = 2^((at − landmark) / half-life), so folding in any order, late parts and erased
    rows included, gives the same sums to rounding, and sums of shards and of days add up
    (`bandits.merge`). The prior is not in here; it enters when a version is made (`bandits.version`).

    An evidence belongs to one owner and changes in place; it takes 8 bytes for each of
    C(C+1)/2 · P(P+1)/2 numbers, 280 KiB at C = 21 and P = 17. What raises, raises before any change.

    >>> evidence = Evidence("l", ("one", "hour"), ("one", "popular"), half_life_ms=0)
    >>> row = np.ones((1, 2), np.float32)
    >>> evidence.fold(Rows(5, row[0], row, np.ones(1), np.ones(1), np.ones(1, bool)))
    >>> evidence.rows, evidence.total.tolist()
    (1.0, [[1.0, 1.0], [1.0, 1.0]])

    Source: Hsu, Kakade & Zhang (2012) for ridge sums; Cormode et al. (2009), "Forward decay", for
    weights that grow from a landmark instead of shrinking every sum.
    """

    __slots__ = (
        "layout", "context_names", "pair_names", "half_life_ms",
        "pairs", "total", "rows", "landmark_ms", "newest_ms", "alarms",
    )  # fmt: skip

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
        self.pairs: Floats = np.zeros((pairs_of(len(context_names)), pairs_of(len(pair_names))))  # E
        self.total: Floats = np.zeros((len(context_names), len(pair_names)))  # b
        self.rows = 0.0  # n
        self.landmark_ms = 0  # a whole number of half-lives since 1970
        self.newest_ms = 0  # newest decision time folded
        self.alarms: tuple[tuple[int, float], ...] = ()  # (rows dated up to, weigh this times as much)

    def fold(self, rows: Rows, weight: float = 1.0) -> None:
        """Add one part of a feedback; ``weight`` multiplies its rows (organic rows may count less).

        A first row adds to E, b and n; a later part of the same row adds its reward's change to b.
        Raises ValueError if a shape is not this evidence's or a number is not finite.
        """
        self._add(rows, weight)
        self.newest_ms = max(self.newest_ms, rows.at_ms)

    def erase(self, rows: Rows, weight: float = 1.0) -> None:
        """Take away what `fold` added for the same rows; ``newest_ms`` stays."""
        self._add(rows, -weight)

    def alarm(self, factor: float) -> None:
        """Let all that was learned up to now weigh ``factor`` times as much: the world has changed.

        Rows folded later but dated up to the newest decision at the alarm weigh less too, so a late
        row gives what it had given in time. Raises ValueError unless factor is in (0, 1].
        """
        if not 0.0 < factor <= 1.0:
            raise ValueError(f"an alarm's factor is {factor}, expected a number in (0, 1]")
        self.pairs *= factor
        self.total *= factor
        self.rows *= factor
        self.alarms = (*self.alarms, (self.newest_ms, factor))
        if len(self.alarms) > ALARMS_MAX:  # the two oldest become one, dated the later
            (_, first), (until_ms, second), *rest = self.alarms
            self.alarms = ((until_ms, first * second), *rest)

    def copy(self) -> "Evidence":
        """Return an evidence with sums of its own."""
        twin = Evidence(self.layout, self.context_names, self.pair_names, self.half_life_ms)
        twin.pairs, twin.total, twin.rows = self.pairs.copy(), self.total.copy(), self.rows
        twin.landmark_ms, twin.newest_ms, twin.alarms = self.landmark_ms, self.newest_ms, self.alarms
        return twin

    def move_landmark(self, landmark_ms: int) -> None:
        """Date the sums from another landmark: one multiplication by a power of two, which is exact.

        Raises ValueError unless the landmark is a whole number of half-lives since 1970.
        """
        if landmark_ms % self.half_life_ms if self.half_life_ms else landmark_ms:
            raise ValueError(
                f"landmark_ms is {landmark_ms}, expected a whole number of half-lives ({self.half_life_ms} ms); "
                "without decay it stays 0"
            )
        shift = weigh(self.landmark_ms, landmark_ms, self.half_life_ms)
        self.pairs *= shift
        self.total *= shift
        self.rows *= shift
        self.landmark_ms = landmark_ms

    def _add(self, rows: Rows, weight: float) -> None:
        self._check(rows, weight)
        at_ms, half_life_ms, landmark_ms = rows.at_ms, self.half_life_ms, self.landmark_ms
        if half_life_ms and at_ms - landmark_ms >= HALF_LIVES_AHEAD * half_life_ms:
            landmark_ms = at_ms // half_life_ms * half_life_ms
        shift = weigh(self.landmark_ms, landmark_ms, half_life_ms)
        weight *= weigh(at_ms, landmark_ms, half_life_ms)
        for until_ms, factor in self.alarms:
            if at_ms <= until_ms:
                weight *= factor
        news = add_rows(
            self.pairs,
            self.total,
            rows.context,
            rows.columns,
            rows.reward,
            rows.reward_change,
            rows.first,
            weight,
            shift,
        )
        if news < 0.0:
            raise ValueError(
                f"feedback of {at_ms} ms holds a number that is not finite: context {rows.context}, "
                f"columns {rows.columns}, reward {rows.reward}; evidence untouched"
            )
        self.rows = self.rows * shift + weight * news
        self.landmark_ms = landmark_ms

    def _check(self, rows: Rows, weight: float) -> None:
        count = len(rows.columns)
        shapes = (
            rows.context.shape,
            rows.columns.shape,
            rows.reward.shape,
            rows.reward_change.shape,
            rows.first.shape,
        )
        expected = (
            (len(self.context_names),), (count, len(self.pair_names)), (count,), (count,), (count,),
        )  # fmt: skip
        if shapes != expected:
            raise ValueError(
                f"feedback rows have shapes {shapes}, expected {expected} for layout {self.layout} "
                "(context, columns, reward, reward_change, first); align the feedback with the evidence first"
            )
        if not (np.isfinite(weight) and rows.at_ms >= 0):
            raise ValueError(
                f"a feedback of {rows.at_ms} ms weighs {weight}, expected a time since 1970 and a finite weight"
            )
