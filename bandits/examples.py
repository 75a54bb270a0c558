"""Examples: the newest rows of feedback as they are, for models that cannot be told from sums."""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bandits.rows import Rows
from numeric.arrays import Singles
from numeric.unpacking import unpacked

TIME = np.dtype(">i8")  # sorts as bytes do
NUMBER = np.dtype("<f8")
MOST = 2**31
STATE_BYTES_MAX = 1 << 26  # unpacked: ten times what the most examples take
Places = tuple[list[int], list[int]]  # of the new columns, of the old
SPARE = 1.25  # kept beyond the newest before the oldest are dropped: few sorts


class Example(NamedTuple):
    """Rows that look alike: what they weigh together, and the mean of what they earned."""

    at_ms: int
    context: Singles
    columns: Singles
    weight: float
    reward: float


class Examples:
    """The newest rows by the time of their decisions, with the rewards known so far.

    Fed with the parts of feedback that evidence is fed with: a later part changes what its row has
    earned, an erasure takes the row away. Order does not matter; rows that look alike at one moment
    are one example. A row takes some 4 (C + P) + 150 bytes.

    >>> from bandits.rows import decision_rows
    >>> examples, ones = Examples(10, depth=2, width=2), np.ones((1, 2), np.float32)
    >>> examples.add(decision_rows(5, ones[0], ones, np.array([0.5])), 1.0)
    >>> [(example.at_ms, example.weight, example.reward) for example in examples.newest()]
    [(5, 1.0, 0.5)]
    """

    def __init__(self, limit: int, depth: int, width: int) -> None:
        self.limit = limit
        self.shape = depth, width  # of context and columns
        self._told: dict[bytes, tuple[float, float]] = {}  # weight, and weight × reward

    def __len__(self) -> int:
        return min(self.limit, len(self._told))

    def add(self, rows: Rows, sign: float) -> None:
        """Add what the rows say (sign 1), or take it away (−1); they have been found sound."""
        start = 0
        for at_ms, share, context, end in zip(
            rows.at_ms.tolist(), rows.weight.tolist(), rows.context, rows.ends.tolist(), strict=True
        ):
            for place in range(start, end):
                self._tell(at_ms, context, share * sign, rows, place)
            start = end
        if len(self._told) > SPARE * self.limit:
            for key in sorted(self._told)[: -self.limit]:
                del self._told[key]

    def _tell(self, at_ms: int, context: Singles, share: float, rows: Rows, place: int) -> None:
        columns = rows.columns[place]
        scale = float(columns[0])  # √ of what the row stands for (`bandits.rows.rows_of`)
        if scale <= 0.0:
            return
        key = _key(at_ms, context, columns / np.float32(scale))
        weight, earned = self._told.get(key, (0.0, 0.0))
        if rows.first[place]:
            weight += share * scale * scale
            earned += share * scale * float(rows.reward[place])
        elif key in self._told:
            earned += share * scale * float(rows.reward_change[place])
        if weight > 1e-9:
            self._told[key] = weight, earned
        else:
            self._told.pop(key, None)

    def newest(self, limit: int = MOST) -> Iterator[Example]:
        """Yield the newest, in the order of their decisions."""
        for key in sorted(self._told)[-min(limit, self.limit) :]:
            weight, earned = self._told[key]
            yield Example(*self._read(key), weight, earned / weight)

    def copy(self) -> "Examples":
        """Return the same examples, to go on from apart."""
        twin = Examples(self.limit, *self.shape)
        twin._told = dict(self._told)
        return twin

    def realigned(self, context: Places, columns: Places, depth: int, width: int) -> "Examples":
        """Return the examples with other columns; ``context`` and ``columns``: where to, and where from."""
        out = Examples(self.limit, depth, width)
        for old_key, (weight, earned) in sorted(self._told.items()):
            at_ms, *before = self._read(old_key)
            after = np.zeros(depth, "<f4"), np.zeros(width, "<f4")
            for new, old, (to, source) in zip(after, before, (context, columns), strict=True):
                new[to] = old[source]
            alike = out._told.get(key := _key(at_ms, *after), (0.0, 0.0))
            out._told[key] = alike[0] + weight, alike[1] + earned
        return out

    def state(self) -> bytes:
        """Return what `resumed` goes on from."""
        keys = sorted(self._told)
        told = np.array([self._told[key] for key in keys], NUMBER)
        return zlib.compress(np.array(self.limit, TIME).tobytes() + told.tobytes() + b"".join(keys), 1)

    @staticmethod
    def resumed(state: bytes, depth: int, width: int) -> "Examples":
        """Return the examples whose state this is; raises ValueError if it is torn or of other shapes."""
        try:
            raw = unpacked(state, STATE_BYTES_MAX)
        except ValueError as error:
            raise ValueError(f"the examples do not decompress ({error}); fold their feedback again") from None
        length, head = TIME.itemsize + 4 * (depth + width), TIME.itemsize
        count, rest = divmod(len(raw) - head, length + 2 * NUMBER.itemsize)
        if rest or count < 0:
            raise ValueError(
                f"the examples have {len(raw)} bytes, expected {head} and {length + 2 * NUMBER.itemsize} for "
                "each; fold their feedback again"
            )
        out = Examples(int(np.frombuffer(raw, TIME, 1)[0]), depth, width)
        told = np.frombuffer(raw, NUMBER, 2 * count, offset=head).reshape(count, 2)
        if not (np.isfinite(told).all() and (told[:, 0] > 0.0).all()):
            raise ValueError("a weight among the examples is no positive number; fold their feedback again")
        start = head + told.nbytes
        for k, (weight, earned) in enumerate(told.tolist()):
            out._told[raw[start + k * length : start + (k + 1) * length]] = weight, earned
        return out

    def _read(self, key: bytes) -> tuple[int, Singles, Singles]:
        numbers = np.frombuffer(key, "<f4", offset=TIME.itemsize)
        depth, _ = self.shape
        return int(np.frombuffer(key, TIME, 1)[0]), numbers[:depth], numbers[depth:]


def _key(at_ms: int, context: Singles, columns: Singles) -> bytes:
    return np.array(at_ms, TIME).tobytes() + context.astype("<f4").tobytes() + columns.astype("<f4").tobytes()
