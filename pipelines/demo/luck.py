"""Luck: which number of whose dice decides what.

Keys are (listener), (listener, session) and (listener, session, step), never the track: two policies
meet the same listeners with the same luck.
"""

from typing import cast

import numpy as np

from numeric.dice import derive
from numeric.jit import kernel


def _numbered(k: int) -> int:
    """Return a number with a machine type: kernels are compiled once more for every literal."""
    return cast("int", np.int64(k))


# Of a listener; the usual moods of the four quarters of a day come first.
PERSONAL = _numbered(100)  # and the axes after it

# Of a session.
OPENS, OPENING, MOOD, RESTLESSNESS = (_numbered(k) for k in range(4))
GOES_ON = _numbered(10)  # and the turns after it

# Of a turn.
FINISHES, LEAVES, LIKES, PAUSES, CALLED_AWAY, AWAY, PICKS_OWN, WAY, WHICH = (_numbered(k) for k in range(9))
DRAWN = _numbered(20)  # two for each draw
FANCIES = _numbered(40)  # and the slots after it


@kernel
def listener_key(seed: np.uint64, listener: int) -> np.uint64:
    """Return the dice key of one listener."""
    return derive(seed, np.uint64(listener))


@kernel
def session_key(seed: np.uint64, listener: int, session: int) -> np.uint64:
    """Return the dice key of one listener's session."""
    return derive(listener_key(seed, listener), np.uint64(session))


@kernel
def turn_key(seed: np.uint64, listener: int, session: int, step: int) -> np.uint64:
    """Return the dice key of one turn."""
    return derive(session_key(seed, listener, session), np.uint64(step))
