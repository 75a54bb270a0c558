"""Play: the record that a track started and, once known, how long it was heard."""

from typing import Annotated

from msgspec import Meta, Struct

from topics.ids import Id, TimeMs, check_id_bytes, name_of

HEARD_MS_MAX = 7 * 86_400_000  # a week of one track: beyond it, a broken clock


class Play(Struct, frozen=True, omit_defaults=True, gc=False):
    """A track started, and perhaps ended, for one listener.

    ``heard_ms`` is null while the track plays, or if it was never known. A record "started" and a
    record "ended" with the same ``play_id`` are one play; "ended" alone is enough.

    >>> Play("e1", "ann", "t1", started_ms=60_000, heard_ms=30_000).at_ms
    90000
    """

    event_id: Id  # names this record
    listener_id: Id
    track_id: Id
    started_ms: TimeMs
    heard_ms: Annotated[int, Meta(ge=0, le=HEARD_MS_MAX)] | None = None
    length_ms: Annotated[int, Meta(ge=1, le=HEARD_MS_MAX)] | None = None
    end_reason: Annotated[str, Meta(max_length=64)] | None = None  # "trackdone" means heard to its end
    skipped: bool | None = None  # the client's own verdict; without it the heard share decides
    liked: Annotated[int, Meta(ge=-1, le=1)] = 0
    play_id: Id | None = None  # names the play; see `play_name`
    decision_id: Id | None = None  # the decision that this play answers, if the client knows it
    shown: Annotated[int, Meta(ge=0, le=50)] | None = None  # slots of that decision the listener saw
    surface: Annotated[str, Meta(min_length=1, max_length=64)] = "now_playing"

    def __post_init__(self) -> None:
        check_id_bytes(
            event_id=self.event_id,
            listener_id=self.listener_id,
            track_id=self.track_id,
            play_id=self.play_id,
            decision_id=self.decision_id,
        )

    @property
    def at_ms(self) -> int:
        """Event time: when the play ended if that is known, else when it started."""
        return self.started_ms + (self.heard_ms or 0)

    @property
    def play_name(self) -> str:
        """``play_id``, or a name made of listener, track and start where the producer gave none."""
        return self.play_id or name_of(self.listener_id, self.track_id, self.started_ms)
