"""Session marks: keyed hashes under which a listener's sessions stand in ``recent-plays``, without a name."""

from functools import lru_cache

import numpy as np

from features.listener.session import mark_of
from numeric.arrays import Records
from pipelines.settings import Settings
from topics.ids import key_of


def session_key(listener_id: str, settings: Settings) -> int:
    """Return the key that makes the marks of a listener's sessions."""
    return _session_key(listener_id, settings.mark_key)


def session_mark(plays: Records, listener_id: str, now_ms: int, settings: Settings) -> int:
    """Return the mark of the session that is open at ``now_ms``."""
    key = np.uint64(session_key(listener_id, settings))
    return int(mark_of(plays, now_ms, settings.sessions.gap_ms, key))


@lru_cache(maxsize=65_536)  # asked several times a play
def _session_key(listener_id: str, mark_key: str) -> int:
    return key_of(f"sessions\x1f{mark_key}\x1f{listener_id}")
