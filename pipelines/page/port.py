"""Port: what the page asks of whatever hosts the steps; the demo's town, workers on Kafka."""

from typing import Literal, Protocol

from msgspec import Struct

from pipelines.listener import Listener
from pipelines.metrics import Metrics
from pipelines.settings import Settings
from pipelines.views import Views
from topics.play import Play
from topics.request import Request


class Bucket(Struct, frozen=True):
    """How many records took at most so many ms, and more than the bucket before."""

    most_ms: float
    records: int


class Note(Struct, frozen=True):
    """What happened at a moment of event time."""

    at_ms: int
    text: str
    kind: Literal["news", "drift"] = "news"


class Overview(Struct, frozen=True):
    """How the engine is doing, for everybody who looks on; sent once a second.

    Curves have one value for each ``span_ms`` of event time since ``start_ms``.
    """

    now_ms: int  # event time, UTC
    ahead_ms: int  # by which a record's event time may be ahead of that
    start_ms: int
    span_ms: int
    spans: int  # how many there will be in all, 0 if that is open
    window_ms: int  # curves are means over so much of event time
    plays: int
    plays_per_s: float
    listeners: int
    tracks: int
    policy: str
    version: str
    rows: float  # decayed rows of feedback the version knows
    rewards: dict[str, list[float]]  # mean reward of advice, by who advises
    new_artists: dict[str, list[float]]  # share of seen slots that held artists first heard of lately
    explored: float  # share of slates whose first track was not the expected best
    surprise: float  # mean reward less expectation of lately seen slots: 0 where the policy is right
    surprises: list[float]  # the same as a curve: what drift shows in first
    drifts: int  # changes for the worse that the learner has found
    latency: list[Bucket]  # from a record to its scores
    dead_letters: dict[str, int]
    active: list[str]  # listeners lately heard of, newest first
    notes: list[Note]


class Port(Protocol):
    """One engine in this process: its views to read, and records to give it."""

    settings: Settings
    metrics: Metrics

    @property
    def views(self) -> Views:
        """What is known of tracks, and the version that decides."""

    @property
    def now_ms(self) -> int:
        """Event time, UTC: how far the log has come."""

    @property
    def trouble(self) -> str | None:
        """Why it is not ready to serve, None where it is."""

    async def take(self, record: Play | Request) -> str:
        """Serve one record as if it came from the log; return what became of it (`metrics.outcome_of`).

        Tells the desk of its transition. Raises `Rejected` for a record that comes too late or from the
        future.
        """

    async def listener(self, listener_id: str) -> Listener | None:
        """Return a listener's state, None for somebody never met.

        Sees to it that the desk knows what this listener's newest decisions were made of.
        """

    def overview(self) -> Overview:
        """Return how the engine is doing."""
