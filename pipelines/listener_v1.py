"""Version 1 of a stored listener, where contrasts stood with their decision; later they stand beside all."""

from typing import Any

import msgspec
import numpy as np

from numeric.sparse import pack_words, unpack_words

TRACKS, COLUMNS_BYTES, LISTED, CONTRASTS, WEIGHT = 6, 10, 16, 17, 18  # of a pending decision
PENDING, COLUMNS_SET, COLUMNS = 8, 9, 10  # of a listener


def upgraded(body: bytes) -> bytes:
    """Return what version 1 stored as version 2 stores it; no decision is lost."""
    stored: list[Any] = msgspec.msgpack.decode(body)
    pending = stored[PENDING]
    columns = unpack_words(
        np.frombuffer(bytearray(stored[COLUMNS_SET]), np.uint8),
        np.frombuffer(bytearray(stored[COLUMNS]), "<u4"),
        sum(decision[COLUMNS_BYTES] for decision in pending) // 4,
    ).tobytes()
    at, kept, beside, others = 0, bytearray(), None, b""
    for decision in pending:
        told = columns[at : at + decision[COLUMNS_BYTES]]
        at += len(told)
        slots, contrasts = len(decision[TRACKS]), decision[CONTRASTS]
        border = len(told) // max(slots + len(contrasts), 1) * slots
        kept += told[:border]
        decision[COLUMNS_BYTES] = border
        if decision[LISTED]:
            beside, others = (decision[LISTED], contrasts, decision[WEIGHT]), told[border:]
        del decision[LISTED:]
    columns_set, words = pack_words(np.frombuffer(kept + others, "<u4"))
    stored[COLUMNS_SET], stored[COLUMNS] = columns_set.tobytes(), words.tobytes()
    return msgspec.msgpack.encode([*stored, beside])
