"""Calibration: whether what was expected is what came, on average, among equals."""

import msgspec
from msgspec import Struct

BINS = 10


class Calibration(Struct):
    """Sums by expectation, in bins of equal width over [0, 1].

    >>> calibration = Calibration()
    >>> for came in (0.0, 0.0, 0.0, 1.0):
    ...     calibration.add(0.35, came)
    >>> round(calibration.error(), 6)
    0.1
    """

    count: list[int] = msgspec.field(default_factory=lambda: [0] * BINS)
    expected: list[float] = msgspec.field(default_factory=lambda: [0.0] * BINS)
    came: list[float] = msgspec.field(default_factory=lambda: [0.0] * BINS)

    def add(self, expected: float, came: float) -> None:
        """Count one case: what was expected, taken into [0, 1] as it is published, and what came."""
        expected = min(max(expected, 0.0), 1.0)
        i = min(int(expected * BINS), BINS - 1)
        self.count[i] += 1
        self.expected[i] += expected
        self.came[i] += came

    def error(self) -> float | None:
        """Return the expected calibration error in [0, 1], None without any case.

        The mean over all cases of how far their bin's expectation is from what came in it: Guo, Pleiss,
        Sun & Weinberger (2017), "On calibration of modern neural networks", section 2.
        """
        cases = sum(self.count)
        apart = sum(abs(expected - came) for expected, came in zip(self.expected, self.came, strict=True))
        return apart / cases if cases else None

    def bins(self) -> list[dict[str, float]]:
        """Return the bins that hold something: slots, and the means of what was expected and what came."""
        return [
            {"slots": count, "expected": expected / count, "earned": came / count}
            for count, expected, came in zip(self.count, self.expected, self.came, strict=True)
            if count
        ]
