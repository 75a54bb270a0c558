"""TrackFacts: what has been counted about one track."""

from msgspec import Struct

from topics.ids import Id, TimeMs


class TrackFacts(Struct, frozen=True, omit_defaults=True):
    """Decayed counts of one track: each weighs an event at t by 2^((t − landmark) / half-life).

    Landmarks are whole numbers of half-lives since 1970, so moving one multiplies by a power of two
    and no bit is lost. ``followers`` packs (track key u64, near f32, far f32), little-endian, in
    table order; a key is that of `topics.ids.key_of`.
    """

    track_id: Id
    at_ms: TimeMs  # of the newest event counted
    plays: float
    skips: float
    judged: float  # plays of which it is known whether they were skipped
    exposures: float
    residual: float
    follow_near: float  # total weight of followers one step later, including those no longer listed
    follow_far: float
    popularity_landmark: int
    follower_landmark: int
    followers: bytes
    artist_id: Id | None = None
    first_heard_ms: TimeMs | None = None
