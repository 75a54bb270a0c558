"""The HTTP API: the operations, and the handlers that answer them from a port and its desk."""

from collections.abc import AsyncIterator

from pipelines.page.answers import Explained, Found, Health, ListenerPage, PolicyPage, Taken, TrackPage
from pipelines.page.desk import Desk
from pipelines.page.operations import (
    DECISION,
    LAST_EVENT_ID,
    LIMIT,
    LISTENER,
    OF_LISTENER,
    QUERY,
    STREAM,
    TRACK,
    Operation,
)
from pipelines.page.port import Overview, Port
from pipelines.page.problems import Problem
from topics.dead_letter import Rejected
from topics.ids import name_of
from topics.play import Play
from topics.request import Request
from topics.scores import Scores

OPERATIONS = (
    Operation(
        "play", "POST", "/v1/plays", "Tell of a play that started or ended; the answer is what comes next",
        Taken, body="play.v1",
    ),
    Operation("ask", "POST", "/v1/requests", "Ask what to play next", Taken, body="request.v1"),
    Operation(
        "listener", "GET", "/v1/listeners/{listener_id}",
        "What is known of a listener: history, session, features, newest scores",
        ListenerPage, (LISTENER,), problems=(404, 503),
    ),
    Operation(
        "decision", "GET", "/v1/decisions/{decision_id}",
        "A decision of late, with every term of its scores", Explained, (DECISION,), problems=(404, 503),
    ),
    Operation("policy", "GET", "/v1/policy", "The policy and the version that decides", PolicyPage),
    Operation(
        "track", "GET", "/v1/tracks/{track_id}", "A track and what has been counted of it",
        TrackPage, (TRACK,), problems=(404,),
    ),
    Operation("search", "GET", "/v1/tracks", "Search the catalogue", Found, (QUERY, LIMIT)),
    Operation("overview", "GET", "/v1/overview", "How the engine is doing", Overview),
    Operation(
        "follow_scores", "GET", "/v1/scores", "Scores as they are made: events named scores, or missed",
        Scores, (OF_LISTENER, LAST_EVENT_ID), media_type=STREAM,
    ),
    Operation(
        "follow_overview", "GET", "/v1/overview/stream", "How the engine is doing, once a second",
        Overview, (LAST_EVENT_ID,), media_type=STREAM,
    ),
    Operation("healthy", "GET", "/healthz", "Whether the process answers", Health),
    Operation("ready", "GET", "/readyz", "Whether it is ready to serve", Health, problems=(503,)),
)  # fmt: skip

SCORES, OVERVIEW = frozenset({"scores"}), frozenset({"overview"})


class Api:
    """One handler for each operation, by name; what it raises as `Problem` is the answer."""

    def __init__(self, port: Port, desk: Desk) -> None:
        self.port = port
        self.desk = desk

    async def play(self, body: Play) -> Taken:
        """Serve a play."""
        return await self._take(body)

    async def ask(self, body: Request) -> Taken:
        """Serve a request."""
        return await self._take(body)

    async def _take(self, record: Play | Request) -> Taken:
        kind, cause = (
            ("play", record.event_id) if isinstance(record, Play) else ("request", record.request_id)
        )
        try:
            outcome = await self.port.take(record)
        except Rejected as rejected:
            self.port.metrics.buried(kind, rejected.reason)
            # The record is well formed, but not with what the engine knows by now: hence a conflict.
            raise Problem(409, rejected.detail, field=rejected.field, reason=rejected.reason) from None
        if outcome != "scored":
            return Taken(outcome)
        decision_id = name_of(record.listener_id, cause)
        try:
            state = await self.port.listener(record.listener_id)
        except Problem:  # whoever keeps the listener is away by now: the scores are there all the same
            state = None
        return Taken(outcome, self.desk.decision(decision_id, state))

    async def listener(self, listener_id: str) -> ListenerPage:
        """Return what is known of a listener."""
        state = await self.port.listener(listener_id)
        if state is None:
            raise Problem(
                404, f"nobody has heard of listener {listener_id!r}; a play or a request begins one"
            )
        return self.desk.listener(listener_id, state)

    async def decision(self, decision_id: str) -> Explained:
        """Return a decision."""
        scores = self.desk.scores_of(decision_id)
        state = None if scores is None else await self.port.listener(scores.listener_id)
        found = None if state is None else self.desk.decision(decision_id, state)
        if found is None:
            raise Problem(404, f"no decision {decision_id!r} among the newest; older ones are on their topic")
        return found

    async def policy(self) -> PolicyPage:
        """Return the policy."""
        return self.desk.policy()

    async def track(self, track_id: str) -> TrackPage:
        """Return a track."""
        found = self.desk.catalogue.track(track_id, self.port.now_ms)
        if found is None:
            raise Problem(404, f"nobody has heard of track {track_id!r}; /v1/tracks?query= searches")
        return found

    async def search(self, query: str, limit: int) -> Found:
        """Search the catalogue."""
        return Found(tuple(self.desk.catalogue.search(query, limit)))

    async def overview(self) -> Overview:
        """Return how the engine is doing."""
        return self.port.overview()

    def follow_scores(self, listener_id: str | None, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Yield scores as they are made."""
        return self.desk.hub.follow(SCORES, listener_id, last_event_id)

    def follow_overview(self, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Yield overviews as they are made."""
        return self.desk.hub.follow(OVERVIEW, None, last_event_id)

    async def healthy(self) -> Health:
        """Answer at all."""
        return Health("ok")

    async def ready(self) -> Health:
        """Tell whether records can be served."""
        if self.port.trouble is not None:
            raise Problem(503, self.port.trouble, headers={"Retry-After": "1"})
        return Health("ready")
