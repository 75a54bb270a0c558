"""Track: what the catalogue says about one playable recording."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from topics.ids import Id, check_id_bytes

Text = Annotated[str, Meta(max_length=512)]


class Track(Struct, frozen=True, omit_defaults=True):
    """One catalogue entry; a newer record for the same ``track_id`` replaces the older."""

    track_id: Id
    title: Text = ""
    artist_id: Id | None = None
    artist: Text = ""
    kind: Literal["music", "podcast", "audiobook", "video"] = "music"
    genres: Annotated[tuple[Text, ...], Meta(max_length=32)] = ()
    length_ms: Annotated[int, Meta(ge=1, le=7 * 86_400_000)] | None = None
    released_ms: Annotated[int, Meta(ge=-4_102_444_800_000, le=4_102_444_800_000)] | None = None
    playable: bool = True
    explicit: bool = False
    attributes: dict[str, float] = {}  # name → value, such as tempo_bpm

    def __post_init__(self) -> None:
        check_id_bytes(track_id=self.track_id, artist_id=self.artist_id)
