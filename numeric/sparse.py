"""Sparse words: those of an array that are not 0, and a bit for each that says where they stood."""

import numpy as np
from numpy.typing import NDArray

from numeric.jit import kernel

Words = NDArray[np.uint32]
Bits = NDArray[np.uint8]


@kernel
def pack_words(words: Words) -> tuple[Bits, Words]:
    """Return a bit for each of words (n,), the first in the highest place, and the words that are not 0.

    >>> pack_words(np.array([0, 7, 0, 9], np.uint32))
    (array([80], dtype=uint8), array([7, 9], dtype=uint32))
    """
    bits = np.zeros((len(words) + 7) // 8, np.uint8)
    kept = np.empty(len(words), np.uint32)
    count = 0
    for i in range(len(words)):
        if words[i] != 0:
            bits[i >> 3] |= np.uint8(128 >> (i & 7))
            kept[count] = words[i]
            count += 1
    return bits, kept[:count].copy()


@kernel
def unpack_words(bits: Bits, kept: Words, count: int) -> Words:
    """Return the ``count`` words that `pack_words` was given; raises ValueError for what it cannot have made.

    >>> unpack_words(np.array([80], np.uint8), np.array([7, 9], np.uint32), 4)
    array([0, 7, 0, 9], dtype=uint32)
    """
    if count < 0 or count > 8 * len(bits):
        raise ValueError("there are fewer bits than words")
    words = np.zeros(count, np.uint32)
    at = 0
    for i in range(count):
        if bits[i >> 3] & (128 >> (i & 7)):
            if at == len(kept):
                raise ValueError("there are fewer words than bits that are set")
            words[i] = kept[at]
            at += 1
    return words
