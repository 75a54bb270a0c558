"""Request: one question from a surface: who, where, when, and from which candidates."""

from typing import Annotated

from msgspec import Meta, Struct

from topics.ids import Id, TimeMs, check_id_bytes

CANDIDATES_MAX = 1_000
SLATE_MAX = 50


class Request(Struct, frozen=True, omit_defaults=True, gc=False):
    """A surface asks what to play next; without ``candidates`` the engine brings its own."""

    request_id: Id
    listener_id: Id
    at_ms: TimeMs
    surface: Annotated[str, Meta(min_length=1, max_length=64)] = "now_playing"
    candidates: Annotated[tuple[Id, ...], Meta(max_length=CANDIDATES_MAX)] | None = None
    limit: Annotated[int, Meta(ge=1, le=SLATE_MAX)] | None = None  # slots; the engine's setting if null
    shown: Annotated[int, Meta(ge=0, le=SLATE_MAX)] | None = (
        None  # slots seen of this listener's newest decision
    )

    def __post_init__(self) -> None:
        check_id_bytes(request_id=self.request_id, listener_id=self.listener_id)
        for track_id in self.candidates or ():
            check_id_bytes(candidates=track_id)
