"""Hash flooding: tracks chosen to meet in one slot of a table cost a walk over it, and no more."""

import time

import numpy as np
import pytest

from features.listener.layout import PLAY
from features.listener.stored_plays import pack_plays, unpack_plays

pytestmark = pytest.mark.compiled

PLAYS, SLOTS = 512, 1_024  # the most plays kept by default, and the table they are numbered in


def test_a_history_of_tracks_that_collide_is_stored_as_it_is() -> None:
    """Whoever could choose handles would slow down their own record by a fraction of a millisecond."""
    handles = np.arange(4_000_000)
    worst = handles[(handles * 0x9E3779B1 >> 7) & (SLOTS - 1) == 0][:PLAYS]
    plays = np.zeros(PLAYS, PLAY)
    plays["track"], plays["started_ms"] = worst, np.arange(PLAYS) * 1_000
    pack_plays(plays, 64)

    began_s = time.process_time()
    tracks, old, kept = pack_plays(plays, 64)
    took_s = time.process_time() - began_s

    assert len(worst) == PLAYS
    assert unpack_plays(old, kept, tracks)["track"].tolist() == worst.tolist()
    assert took_s < 0.05
