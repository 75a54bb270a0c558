"""Answers: what the API returns, as structs; the OpenAPI document is made of them."""

from msgspec import Struct

from pipelines.why import Slot
from topics.track import Track


class Explained(Struct, frozen=True):
    """One decision: its slate, and for each slot every term of its linear predictor, in words.

    Slots have no reasons where nobody keeps any more what the decision was made of.
    """

    decision_id: str
    listener_id: str
    at_ms: int
    surface: str
    cause: str
    policy: str
    policy_version: str
    candidates: int | None  # how many were considered
    slots: tuple[Slot, ...]
    reason: str | None = None  # why the slate is empty


class Taken(Struct, frozen=True):
    """What became of a record: scored, applied, late_applied or duplicate; and the scores that answer it.

    Over Kafka all that is taken in without scores is called applied.
    """

    outcome: str
    scores: Explained | None = None


class HeardPlay(Struct, frozen=True):
    """One play of a listener's history."""

    track_id: str
    title: str
    artist: str
    started_ms: int
    share: float | None  # of the track that was heard, in [0, 1]
    skipped: bool | None
    liked: int


class Feature(Struct, frozen=True):
    """One entry of the context vector."""

    name: str
    value: float
    unit: str


class Made(Struct, frozen=True):
    """A decision of a listener's that can still be looked up."""

    decision_id: str
    at_ms: int
    first: str  # title of its first track, empty where the slate is


class ListenerPage(Struct, frozen=True):
    """What is known of one listener."""

    listener_id: str
    newest_ms: int  # event time of their newest record
    plays: int  # kept
    pending: int  # decisions that await their plays
    heard: tuple[HeardPlay, ...]  # the newest first
    features: tuple[Feature, ...]  # as of the newest decision
    scores: Explained | None  # the newest decision
    decisions: tuple[Made, ...] = ()  # those that are remembered, the newest first


class Follower(Struct, frozen=True):
    """A track that is played after another, and its share of what is."""

    track_id: str
    title: str
    share: float


class TrackPage(Struct, frozen=True):
    """One track: its catalogue entry, and what has been counted, decayed to now."""

    track: Track
    plays: float
    exposures: float
    skip_share: float | None
    residual: float | None  # reward less expectation, a time it was seen
    first_heard_ms: int | None
    popular_place: int | None  # 1 is the most played
    followers: tuple[Follower, ...]


class Found(Struct, frozen=True):
    """Tracks of the catalogue that match, the better known first."""

    tracks: tuple[Track, ...]


class PolicyPage(Struct, frozen=True):
    """The policy, and the version that decides: weights[i][j] belongs to context i and column j."""

    name: str
    version: str
    rows: float  # decayed rows of feedback that it knows
    at_ms: int  # newest decision that it knows
    context_names: tuple[str, ...]
    pair_names: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    worth: tuple[float, ...]  # of each column, in the average context of the newest decisions


class Health(Struct, frozen=True):
    """Whether it works, and if not, why."""

    status: str
    trouble: str | None = None
