"""Arrays of dice for building a world: the same numbers on every machine, whatever else is drawn."""

import numpy as np

from numeric.arrays import Floats, Indices
from numeric.dice import derive, normal, uniform
from numeric.exact import exp, log
from numeric.jit import kernel

PURPOSES = ("genres", "artists", "tracks", "followers", "listeners", "answers")


def key_for(seed: int, purpose: str) -> np.uint64:
    """Return the dice key of one purpose under a seed."""
    return np.uint64(derive(np.uint64(seed), np.uint64(1_000 + PURPOSES.index(purpose))))


@kernel
def _uniforms(key: np.uint64, out: Floats) -> None:
    for k in range(out.size):
        out[k] = uniform(key, k)


@kernel
def _normals(key: np.uint64, out: Floats) -> None:
    for k in range(out.size):
        out[k] = normal(key, k)


@kernel
def _powers(base: Floats, exponent: float, scale: Floats, out: Floats) -> None:
    for k in range(out.size):
        out[k] = exp(exponent * log(base[k]) + scale[k])


@kernel
def to_units(rows: Floats) -> None:
    """Scale each row to length 1."""
    for i in range(rows.shape[0]):
        square = 0.0
        for j in range(rows.shape[1]):
            square += rows[i, j] * rows[i, j]
        for j in range(rows.shape[1]):
            rows[i, j] /= np.sqrt(square)


class Draws:
    """Numbers for one purpose; each call takes the next key."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._key = key_for(seed, purpose)
        self._taken = 0

    def _next(self) -> np.uint64:
        self._taken += 1
        return np.uint64(derive(self._key, np.uint64(self._taken)))

    def uniforms(self, *shape: int) -> Floats:
        """Return numbers in [0, 1)."""
        out = np.empty(int(np.prod(shape)))
        _uniforms(self._next(), out)
        return out.reshape(shape)

    def normals(self, *shape: int) -> Floats:
        """Return standard normal numbers."""
        out = np.empty(int(np.prod(shape)))
        _normals(self._next(), out)
        return out.reshape(shape)

    def below(self, limit: int, *shape: int) -> Indices:
        """Return whole numbers from 0 to limit − 1."""
        return (self.uniforms(*shape) * limit).astype(np.int64)


def powers(base: Floats, exponent: float, scale: Floats) -> Floats:
    """Return base^exponent · e^scale, one by one."""
    out = np.empty(base.size)
    _powers(base, exponent, scale, out)
    return out


def picked(weights: Floats, dice: Floats) -> Indices:
    """Return for each die the index it hits, in proportion to the weights."""
    reach = np.cumsum(weights)
    hits: Indices = np.searchsorted(reach, dice * reach[-1], side="right")
    hits[hits == weights.size] = weights.size - 1
    return hits
