"""Version 2 of a stored listener, which knew nothing of how much of a listener's influence is spent."""

import msgspec

NOTHING_SPENT_MS = -1


def upgraded(body: bytes) -> bytes:
    """Return what version 2 stored as version 3 stores it."""
    return msgspec.msgpack.encode([*msgspec.msgpack.decode(body), NOTHING_SPENT_MS])
