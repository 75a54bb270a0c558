"""Drift: has the world changed under a policy? Two detectors tell, of rewards and of their calibration."""

import zlib
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from bandits.prediction import predict_mean
from bandits.rows import Rows
from numeric.arrays import Floats

NOTHING: Floats = np.zeros((0, 0))
CHECK_BYTES = 4  # in front of a state


class _State(Struct, array_like=True):
    """What goes on as it was: the detectors' windows, the weights in use, and what was found so far."""

    delta: float
    windows: tuple[bytes, bytes]
    weights: bytes
    found: int


class DriftWatch:
    """Watches what decisions earn, and how far that is from what was expected, with an ADWIN on each.

    ADWIN keeps a window of the newest values, and drops its older part once the means of the two parts
    differ by more than chance explains, at confidence 1 − ``delta``. A window is a few hundred bytes
    whatever its length, and the state goes on in another process, value by value alike.

    >>> watch = DriftWatch(delta=0.002)
    >>> any(watch.value(0.8, 0.8) for _ in range(500)), any(watch.value(0.2, 0.8) for _ in range(500))
    (False, True)

    Source: Bifet & Gavaldà (2007), "Learning from time-changing data with adaptive windowing"; the
    detector is river's.
    """

    def __init__(self, delta: float) -> None:
        self.delta = delta
        self.found = 0  # drifts, since the start
        self.weights = NOTHING  # (C, P) of the version in use, for what is expected
        # Here, where somebody wants it: scipy comes along, two seconds of every command's start.
        from river.drift import ADWIN  # noqa: PLC0415

        detector: Any = ADWIN
        self._windows: tuple[Any, Any] = (detector(delta=delta), detector(delta=delta))

    def value(self, reward: float, expected: float) -> bool:
        """Take in one decision's mean reward in [0, 1] and what was expected of it; tell of a drift.

        Only a change for the worse is one: that a policy learns and earns more is no reason to forget.
        """
        drifts = False
        for window, seen in zip(self._windows, (reward, 0.5 * (1.0 + reward - expected)), strict=True):
            before = window.estimation
            window.update(seen)
            drifts |= window.drift_detected and window.estimation < before
        self.found += drifts
        return drifts

    def rows(self, rows: Rows) -> bool:
        """Take in the first parts among the rows, decision by decision; tell whether any was a drift.

        Later parts only say better what was taken in already.
        """
        drifts, start = False, 0
        for context, end in zip(rows.context, rows.ends.tolist(), strict=True):
            first = rows.first[start:end]
            if first.any():
                expected = 0.0
                if len(self.weights):
                    means = predict_mean(self.weights, context, rows.columns[start:end][first])
                    expected = float(np.clip(means, 0.0, 1.0).mean())
                drifts |= self.value(float(rows.reward[start:end][first].mean()), expected)
            start = end
        return drifts

    def state(self) -> bytes:
        """Return what `resumed` goes on from."""
        rewards, surprises = (
            window._helper.__getstate__() for window in self._windows
        )  # river has no other way
        weights = self.weights.astype("<f8").tobytes()
        told = msgspec.msgpack.encode(_State(self.delta, (rewards, surprises), weights, self.found))
        return zlib.crc32(told).to_bytes(CHECK_BYTES, "little") + told

    @staticmethod
    def resumed(state: bytes, shape: tuple[int, int]) -> "DriftWatch":
        """Return the watch whose state this is; ``shape`` is that of the weights.

        Raises ValueError if the state is of another river, or torn: start watching anew.
        """
        try:
            kept = _told(state)
            watch = DriftWatch(kept.delta)
            for window, inner in zip(watch._windows, kept.windows, strict=True):
                window._helper.__setstate__(inner)
            if kept.weights:
                watch.weights = np.frombuffer(kept.weights, "<f8").reshape(shape)
        except Exception as error:
            raise ValueError(f"the state of a drift watch cannot be read ({error}); watch anew") from error
        watch.found = kept.found
        return watch


def found_in(state: bytes) -> int:
    """Return how many drifts had been found as of a state, without going on from it.

    >>> found_in(DriftWatch(delta=0.002).state())
    0
    """
    return _told(state).found


def _told(state: bytes) -> _State:
    """Return what a state holds; ValueError for bytes that are not as they were: river panics over them."""
    check, told = state[:CHECK_BYTES], state[CHECK_BYTES:]
    if zlib.crc32(told).to_bytes(CHECK_BYTES, "little") != check:
        raise ValueError("its checksum does not fit")
    return msgspec.msgpack.decode(told, type=_State)
