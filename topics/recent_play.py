"""RecentPlay: which track was played next in a session; what rings of recent plays are kept from."""

from typing import Annotated

from msgspec import Meta, Struct

from topics.ids import Id, TimeMs


class RecentPlay(Struct, frozen=True):
    """One play without its listener: records with equal marks, in order, are one session.

    >>> RecentPlay("3e502955e69c9602", "t1", 60_000)
    RecentPlay(session_mark='3e502955e69c9602', track_id='t1', at_ms=60000)
    """

    session_mark: Annotated[str, Meta(min_length=1, max_length=64)]  # keyed hash of listener and session
    track_id: Id
    at_ms: TimeMs
