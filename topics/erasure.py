"""Erasure: a listener asks to be forgotten."""

from msgspec import Struct

from topics.ids import Id, TimeMs, check_id_bytes


class Erasure(Struct, frozen=True, omit_defaults=True):
    """Everything known about this listener up to here is to be forgotten."""

    listener_id: Id
    at_ms: TimeMs

    def __post_init__(self) -> None:
        check_id_bytes(listener_id=self.listener_id)
