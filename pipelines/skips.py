"""Skips: how likely a listener is to leave a track early, by the same columns as its reward.

A second, smaller use of the same evidence: rows are plays with a known verdict, the target is 1 for a
skip. Least squares estimates a probability; it is published between 0 and 1.
"""

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from bandits.prediction import predict_one
from bandits.version import Version

ROWS_MIN = 50.0  # with fewer verdicts we do not say
NO_WEIGHTS: npt.NDArray[np.float64] = np.zeros((0, 0))


class Skips(Struct, frozen=True):
    """What is known of skips; ``version`` predicts the verdict on a play."""

    version: Version

    @property
    def known(self) -> bool:
        """Whether enough verdicts were seen to say anything."""
        return self.version.rows >= ROWS_MIN

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """The weights (context, columns) of the probability; (0, 0) where not enough is known."""
        return self.version.weights if self.known else NO_WEIGHTS

    def probability(self, context: npt.NDArray[np.float32], columns: npt.NDArray[np.float32]) -> float | None:
        """Return the probability in [0, 1] that this track would be skipped now, None if unknown."""
        if not self.known:
            return None
        return min(max(predict_one(self.version.weights, context, columns), 0.0), 1.0)
