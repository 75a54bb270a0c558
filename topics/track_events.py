"""TrackEvents: what happened to tracks; what track facts are counted from."""

from msgspec import Struct

from topics.ids import Id


class TrackEvents(Struct, frozen=True):
    """Events of tracks of one partition, in order, many to a record: sending one costs more than counting it.

    Each says that a track was heard (``share`` and ``skipped`` as far as known), was followed ``by``
    another some ``steps`` later, was preceded ``by`` another so many before, or was shown in a slate
    (``residual`` is the reward it earned there minus the linear mean it was shown for). ``rows`` is
    little-endian, 27 bytes an event: at_ms int64, track int32, by int32 (places in ``tracks``; −1 for
    nothing), residual float32, share float32 (NaN: unknown), kind uint8 (0 heard, 1 followed, 2 shown,
    3 preceded), steps uint8, skipped int8 (−1: unknown).
    """

    tracks: tuple[Id, ...]  # each once
    rows: bytes
