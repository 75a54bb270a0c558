"""Script: all that will happen in one run, as data drawn from its seed: records, and faults."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from pipelines.settings import Settings
from state.checkpoint import OPENING, SURVIVING
from tests.faults.simulator.disk import DAMAGES
from tests.faults.simulator.machine import START_MS
from topics.codec import SCHEMA_OF, encode
from topics.erasure import Erasure
from topics.ids import name_of
from topics.play import Play
from topics.request import Request

EFFECTS = tuple(effect.__name__ for effect in (*OPENING, *SURVIVING))
DAY_S = 86_400.0
SESSION_S = 2.0
FAULTS_MIN = 5  # that strike in every run
TOWN = 7
TRACKS = 12
SKEW_MS = 25_000  # of any clock: two differ by less than `serving.SKEW_MS`

RecordKind = Literal["record", "duplicate", "late", "reordered", "poison"]
FaultKind = Literal[
    "crash",
    "crash before an effect",
    "pause",
    "pause before an effect",
    "zombie",
    "connection lost",
    "request lost",
    "answer lost",
    "store damaged",
    "disk full",
    "slow view",
    "worker leaves",
    "clock jumps",
    "compaction",
]
FAULTS: tuple[FaultKind, ...] = tuple(
    kind for kind in get_args(FaultKind) for _ in range(3 if kind == "crash before an effect" else 1)
)

POISON = (
    b"not json",
    b'{"event_id":"e","listener_id":"rubbish","track_id":"t"}',
    b'{"event_id":"e","listener_id":"rubbish","track_id":"t","started_ms":-5}',
    b"\xff\xfe",
    b"",
    None,
)


class Event(Struct, frozen=True):
    """One record that producers append to ``listener-events``."""

    at_s: float
    key: bytes
    value: bytes | None
    schema: str
    kind: RecordKind = "record"


class Fault(Struct, frozen=True):
    """One thing that goes wrong with one worker: from when, for how long, and what exactly."""

    kind: FaultKind
    at_s: float
    worker: int
    span_s: float = 0.0
    what: str = ""


class Script(Struct, frozen=True):
    """One run: the same script gives the same run."""

    seed: int
    workers: int
    named: bool  # workers have names of their own, by which their group knows them again
    skews_ms: tuple[int, ...]  # of the workers' clocks, against the brokers'
    silence: tuple[float, float]  # from when nothing is sent, and for how long: (0, 0) for none
    end_s: float  # of records and faults
    events: tuple[Event, ...]
    faults: tuple[Fault, ...]


@cache
def settings_of(named: str = "") -> Settings:
    """Return the settings of a world in which sessions end and versions are made within seconds."""
    return Settings(
        sessions={"gap_ms": 4_000, "timer_delay_ms": 1_000},
        slates={"limit": 3, "attribution_window_ms": 3_000},
        candidates={"limit": 10},
        learning={"version_rows": 60},
        facts={"recent_plays": 64},
        kafka={"listener_partitions": 3, "track_partitions": 2, "shards": 2},
        worker={
            "session_ms": int(SESSION_S * 1_000),
            "batch_ms": 60,
            "facts_ms": 400,
            "decisions_share": 0.4,
            "instance": named,
        },
    )


def script_of(seed: int) -> Script:
    """Draw a run."""
    random = Random(f"script {seed}")
    workers = random.choice((1, 2, 2, 3))
    end_s = random.uniform(8.0, 14.0)
    luck = random.random()
    silence = (0.0, 0.0)
    if luck < 0.25:
        silence = (random.uniform(0.3, 0.7) * end_s, 70.0 if luck < 0.06 else 2 * DAY_S)
    events = _events(random, end_s, silence)
    faults = tuple(_fault(random, workers, end_s, silence) for _ in range(random.randrange(6, 13)))
    return Script(
        seed,
        workers,
        random.random() < 0.4,
        tuple(random.randrange(-SKEW_MS, SKEW_MS) for _ in range(workers)),
        silence,
        end_s + silence[1],
        events,
        faults,
    )


def harder(script: Script) -> Script:
    """Return the same run with more faults: one in thousands has too many that find nothing to strike."""
    random = Random(f"harder {script.seed}")
    end_s = script.end_s - script.silence[1]
    more = tuple(_fault(random, script.workers, end_s, script.silence) for _ in range(6))
    return replace(script, faults=script.faults + more)


def _after(at_s: float, silence: tuple[float, float]) -> float:
    """When something happens that would be at ``at_s`` without the silence."""
    return at_s + silence[1] if at_s > silence[0] else at_s


def _events(random: Random, end_s: float, silence: tuple[float, float]) -> tuple[Event, ...]:
    maker = _Maker(random, erasures=0.12 if silence[1] >= DAY_S else 0.04)
    events: list[Event] = []
    count = random.randrange(20, 61)
    moments = sorted(random.uniform(0.2, end_s) for _ in range(count))
    for moment in moments:
        at_s = _after(moment, silence)
        luck = random.random()
        for record in maker.turn(START_MS + int(at_s * 1_000)):
            event = Event(at_s, record.listener_id.encode(), encode(record), SCHEMA_OF[type(record)])
            events.append(event if not maker.late else replace(event, kind="late"))
            if luck < 0.1:
                events.append(replace(event, at_s=at_s + random.uniform(0, 1.0), kind="duplicate"))
        if luck > 0.93:
            poison = random.choice(POISON)
            events.append(Event(at_s, random.choice((b"rubbish", b"more")), poison, "play.v1", "poison"))
        elif luck > 0.9 and len(events) > 2:  # sent again after the next one: its first answer was lost
            last, before = events.pop(), events.pop()
            events += [replace(last, at_s=before.at_s), replace(before, at_s=last.at_s, kind="reordered")]
    return tuple(_forgettable(sorted(events, key=lambda event: event.at_s)))


def _forgettable(events: list[Event]) -> Iterator[Event]:
    """Leave out what an erasure makes new again: whoever is forgotten, so are the names of their events."""
    seen: dict[bytes, set[bytes | None]] = {}
    for event in events:
        if event.kind == "duplicate" and event.value not in seen.get(event.key, ()):
            continue
        if event.schema == "erasure.v1":
            seen[event.key] = set()
        else:
            seen.setdefault(event.key, set()).add(event.value)
        yield event


class _Maker:
    """Draws what a town of listeners does."""

    def __init__(self, random: Random, erasures: float) -> None:
        self._erasures = erasures
        self.late = False
        self._random = random
        self._listeners = [f"listener {k}" for k in range(random.randrange(2, TOWN))]
        self._tracks = [f"t{k}" for k in range(random.randrange(4, TRACKS))]
        self._newest: dict[str, str] = {}
        self._made = 0

    def turn(self, now_ms: int) -> list[Play | Request | Erasure]:
        random = self._random
        self._made += 1
        listener, track = random.choice(self._listeners), random.choice(self._tracks)
        heard_ms = random.choice((300, 900, 1_000))
        self.late = random.random() < 0.06
        started_ms = now_ms - heard_ms - (random.randrange(2_000, 20_000) if self.late else 0)
        before = self._newest.get(listener)
        answers = name_of(listener, before) if before and random.random() < 0.3 else None
        play = Play(
            f"e{self._made}", listener, track, started_ms, heard_ms, length_ms=1_000, decision_id=answers
        )
        self._newest[listener] = play.event_id
        found: list[Play | Request | Erasure] = []
        if random.random() < 0.15:
            found.append(Play(f"s{self._made}", listener, track, started_ms, length_ms=1_000))
        found.append(play)
        if random.random() < 0.1:
            found.append(Request(f"r{self._made}", listener, now_ms))
        if random.random() < self._erasures:
            found.append(Erasure(listener, now_ms))
        return found


def _fault(random: Random, workers: int, end_s: float, silence: tuple[float, float]) -> Fault:
    kind = random.choice(FAULTS)
    spans: dict[FaultKind, tuple[float, float]] = {
        "crash": (0.1, 4.0),
        "crash before an effect": (0.1, 4.0),
        "pause": (0.1, 0.9 * SESSION_S),
        "pause before an effect": (0.1, 3 * SESSION_S),
        "zombie": (1.2 * SESSION_S, 5 * SESSION_S),
        "connection lost": (0.3, 2 * SESSION_S),
        "store damaged": (0.1, 3.0),
        "disk full": (0.2, 2.0),
        "slow view": (1.0, 6.0),
        "worker leaves": (0.1, 3.0),
    }
    span_s = random.uniform(*spans.get(kind, (0.0, 0.0)))
    if kind == "zombie" and random.random() < 0.2:
        span_s = random.choice((32.0, 70.0))  # its transaction times out; timers pass
    what = ""
    if kind.endswith("an effect"):
        what = random.choice(EFFECTS)
    elif kind == "store damaged":
        what = random.choice(DAMAGES)
    elif kind == "clock jumps":
        what = str(random.randrange(-SKEW_MS, SKEW_MS))
    elif kind.endswith(" lost") and kind != "connection lost":
        what = random.choice(("commit", "commit", "produce", "register", "transaction"))
    at_s = _after(random.uniform(0.3, end_s), silence)
    return Fault(kind, at_s, random.randrange(workers), span_s, what)
