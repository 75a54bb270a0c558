"""Session marks: keyed hashes under which a listener's sessions stand in ``recent-plays``, without a name."""

from functools import lru_cache

from pipelines.settings import Settings
from topics.ids import key_of


def session_key(listener_id: str, settings: Settings) -> int:
    """Return the key that makes the marks of a listener's sessions."""
    return _session_key(listener_id, settings.mark_key)


@lru_cache(maxsize=65_536)  # asked several times a play
def _session_key(listener_id: str, mark_key: str) -> int:
    return key_of(f"sessions\x1f{mark_key}\x1f{listener_id}")
