"""A small catalogue, plays and a listener to serve: what the tests of the steps build with."""

from collections import Counter
from typing import Any

from features.listener.layout import PLAY
from pipelines.listener import Listener, store_listener
from pipelines.serve import Transition, serve
from pipelines.settings import Settings, load_settings
from pipelines.views import Views
from topics.feedback import Feedback
from topics.play import Play
from topics.request import Request
from topics.scores import Scores
from topics.track import Track

START_MS = 1_700_000_000_000  # a Tuesday evening
SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
LENGTH_MS = 200_000  # of every track in the catalogue

SMALL: dict[str, dict[str, Any]] = {"candidates": {"limit": 12, "fresh": 12}, "slates": {"limit": 4}}


def small(**sections: dict[str, Any]) -> Settings:
    """Settings for decisions that are quick to make and to look at, with changes."""
    merged = {name: SMALL.get(name, {}) | sections.get(name, {}) for name in {*SMALL, *sections}}
    return load_settings(None, **merged)


def make_views(settings: Settings, tracks: int = 12) -> Views:
    """Views that know a catalogue of tracks t0, t1… by three artists, and nothing else."""
    views = Views(settings)
    for i in range(tracks):
        views.table.list_track(Track(f"t{i}", artist_id=f"a{i % 3}", length_ms=LENGTH_MS))
    return views


def play(
    event_id: str, track_id: str = "t0", start_s: float = 0, heard_s: float | None = None, **more: Any
) -> Play:
    """A play of ann's that starts some seconds after the start of the test's time."""
    more = {"listener_id": "ann"} | more
    heard_ms = None if heard_s is None else int(heard_s * SECOND_MS)
    return Play(event_id=event_id, track_id=track_id, started_ms=at(start_s), heard_ms=heard_ms, **more)


def request(request_id: str, at_s: float = 0, **more: Any) -> Request:
    """A request of ann's some seconds after the start of the test's time."""
    more = {"listener_id": "ann"} | more
    return Request(request_id=request_id, at_ms=at(at_s), **more)


def at(seconds: float) -> int:
    """UTC milliseconds, some seconds after the start of the test's time."""
    return START_MS + int(seconds * SECOND_MS)


class Listening:
    """One listener, served record by record; what the step emits is kept in order."""

    def __init__(self, settings: Settings | None = None, views: Views | None = None) -> None:
        self.settings = settings or small()
        self.views = views or make_views(self.settings)
        self.kept: Listener | None = None
        self.scores: list[Scores] = []
        self.feedback: list[Feedback] = []
        self.events: list[tuple[Any, ...]] = []
        self.counts: Counter[str] = Counter()

    @property
    def state(self) -> Listener:
        assert self.kept is not None
        return self.kept

    def take(self, record: Play | Request, received_ms: int | None = None) -> Transition:
        done = serve(self.kept, record, self.views, self.settings, received_ms)
        self.absorb(done)
        return done

    def absorb(self, done: Transition) -> None:
        self.kept = done.state
        self.feedback += done.feedback
        self.counts.update(done.counts)
        for rows in done.events:
            self.events += named(rows, self.views)
        if done.decided is not None:
            self.scores.append(done.decided.scores)

    def take_all(self, records: list[Play | Request]) -> "Listening":
        for record in records:
            self.take(record)
        return self

    def ask(self, request_id: str, at_s: float, *candidates: str, **more: Any) -> Scores:
        """Ask for a slate out of given candidates; what comes back awaits its plays."""
        self.take(request(request_id, at_s, candidates=candidates, **more))
        return self.scores[-1]

    @property
    def tracks(self) -> list[str]:
        return [self.views.table.names[handle] for handle in self.state.plays["track"].tolist()]

    @property
    def plays(self) -> list[tuple[Any, ...]]:
        """All that is kept of the plays, tracks by name, shares as bits: equal in every process."""
        names = self.views.table.names
        fields = [field for field in PLAY.fields or () if field not in ("track", "share", "turn")]
        return [
            (names[row["track"]], row["share"].tobytes(), *(row[field].item() for field in fields))
            for row in self.state.plays
        ]

    @property
    def stored(self) -> bytes:
        return store_listener(self.state, self.views.table.names)


KINDS = ("heard", "followed", "shown", "preceded")


def named(rows: Any, views: Views) -> list[tuple[Any, ...]]:
    """Track events as (kind, track, by, steps, at_ms, skipped), without process-local handles."""
    names = views.table.names
    return [
        (
            KINDS[row["kind"]],
            names[row["track"]],
            names[row["by"]] if row["by"] >= 0 else None,
            int(row["steps"]),
            int(row["at_ms"]),
            int(row["skipped"]),
        )
        for row in rows
    ]


def track_ids(scores: Scores) -> list[str]:
    return [scored.track_id for scored in scores.slate]
