"""Chronicle: what a report tells of a replay beyond its summary: how things went over time, and for whom."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from msgspec import Struct, field

from bandits.prediction import contract_covariance, contract_weights
from bandits.version import make_version
from candidates import SOURCE_NAMES
from numeric.arrays import Floats, Indices
from pipelines.replay.calibration import Calibration
from pipelines.replay.engine import Engine
from pipelines.serve import Transition
from topics.play import Play

SPAN_PLAYS = 500
SPANS_SHOWN = 60
TOP = 10
NEW_MS = 7 * 86_400_000  # an artist (or track, where artists are unknown) is new for so long
HEADS = (0.01, 0.1, 0.5, 1.0)  # shares of the played tracks, the most played first
LATENCY_STEPS = 20  # buckets a factor of ten, from 1 µs
LATENCY_BUCKETS = 8 * LATENCY_STEPS
Z95 = 1.96


class Span(Struct):
    """Sums over some hundred plays."""

    plays: int = 0
    hits: Counter[str] = field(default_factory=Counter)  # by ranking: the play was among its first ten
    earned: float = 0.0
    closed: int = 0
    slots: int = 0
    new_slots: int = 0  # of them with new artists
    new_plays: int = 0

    def add(self, other: "Span") -> None:
        """Add another span's sums."""
        for name in ("plays", "earned", "closed", "slots", "new_slots", "new_plays"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.hits.update(other.hits)


class Chronicle:
    """Watches one replay; `told` gives all of it as plain numbers.

    Memory: a few numbers a track and a span. A resumed run is told from where it went on.
    """

    def __init__(self) -> None:
        self._engine: Engine | None = None
        self._identity: dict[str, str] = {}
        self._spans: list[Span] = [Span()]
        self._newest: dict[str, tuple[list[int], list[int]]] = {}  # by listener: best handles, their sources
        self._first_ms: dict[tuple[str, int], int] = {}  # of an artist or a track
        self._played: Counter[int] = Counter()  # by track handle
        self._slots: Counter[int] = Counter()
        self._top_sources: Counter[int] = Counter()
        self._hit_sources: Counter[int] = Counter()
        self._context = np.zeros(0)
        self._decisions = 0
        self._calibration = Calibration()
        self._latency = np.zeros(LATENCY_BUCKETS, np.int64)

    def begin(self, engine: Engine, identity: Mapping[str, str]) -> None:
        """Watch this engine; ``identity`` is what the run's outcome depends on."""
        self._engine = engine
        self._identity = dict(identity)

    def ranked(self, play: Play, ranks: Mapping[str, int | None], *, counted: bool) -> None:
        """Note where each ranking had a play's track."""
        span = self._spans[-1]
        if span.plays == SPAN_PLAYS:
            span = Span()
            self._spans.append(span)
        span.plays += 1
        span.hits.update(name for name, rank in ranks.items() if rank is not None and rank < TOP)
        handle = self._table.handle(play.track_id)
        if counted:
            self._note_sources(play.listener_id, handle, ranks.get("segue"))
        span.new_plays += self._is_new(handle, play.started_ms)
        self._first_ms.setdefault(self._creator(handle), play.started_ms)
        self._played[handle] += 1

    def emitted(self, done: Transition) -> None:
        """Note what a record or a timer led to."""
        span = self._spans[-1]
        for ended in done.closed:
            span.earned += sum(ended.rewards)
            span.closed += 1
            for mean, reward in zip(ended.means[: ended.seen], ended.rewards[: ended.seen], strict=True):
                self._calibration.add(mean, reward)
        decided = done.decided
        if decided is None or decided.pending is None:
            return
        scores, considered = decided.scores, decided.considered
        top = np.argsort(-considered.means, kind="stable")[:TOP]
        self._newest[scores.listener_id] = (
            considered.handles[top].tolist(),
            considered.sources[top].tolist(),
        )
        if not self._decisions:
            self._context = np.zeros(len(considered.context))
        self._context += considered.context
        self._decisions += 1
        for name in decided.pending.tracks:
            handle = self._table.handle(name)
            self._slots[handle] += 1
            span.slots += 1
            span.new_slots += self._is_new(handle, scores.at_ms)

    def took(self, seconds: float) -> None:
        """Note how long a record took."""
        bucket = int(LATENCY_STEPS * np.log10(max(seconds, 1e-6) / 1e-6))
        self._latency[min(bucket, LATENCY_BUCKETS - 1)] += 1

    def told(self) -> dict[str, Any]:
        """Return everything, as JSON has it; shares in [0, 1]."""
        return {
            "over_time": self._over_time(),
            "calibration": self._calibration.bins(),
            "exposure": self._exposure(),
            "sources": self._by_source(),
            "weights": self._weights(),
            "latency_ms": self._latencies(),
            "settings": self._identity,
        }

    @property
    def _table(self) -> Any:
        assert self._engine is not None
        return self._engine.views.table

    def _creator(self, handle: int) -> tuple[str, int]:
        artist = int(self._table.tracks[handle]["artist"])
        return ("artist", artist) if artist >= 0 else ("track", handle)

    def _is_new(self, handle: int, at_ms: int) -> bool:
        return at_ms - self._first_ms.get(self._creator(handle), at_ms) < NEW_MS

    def _note_sources(self, listener_id: str, handle: int, rank: int | None) -> None:
        if listener_id not in self._newest:
            return
        handles, sources = self._newest[listener_id]
        self._top_sources.update(sources)
        if rank is not None and rank < TOP:
            self._hit_sources[sources[handles.index(handle)]] += 1

    def _over_time(self) -> dict[str, Any]:
        groups = [spans for spans in np.array_split(np.array(self._spans, object), SPANS_SHOWN) if spans.size]
        merged = []
        for group in groups:
            total = Span()
            for span in group:
                total.add(span)
            merged.append(total)
        names = sorted({name for span in merged for name in span.hits})
        return {
            "plays": [span.plays for span in merged],
            "hr@10": {name: [_ratio(span.hits[name], span.plays) for span in merged] for name in names},
            "reward": [_ratio(span.earned, span.closed) for span in merged],
            "new_in_slates": [_ratio(span.new_slots, span.slots) for span in merged],
            "new_in_plays": [_ratio(span.new_plays, span.plays) for span in merged],
        }

    def _exposure(self) -> dict[str, Any]:
        """Return how plays and slots spread over tracks, from the most played to those never played."""
        ranked = [handle for handle, _ in self._played.most_common()]
        slots, plays = sum(self._slots.values()), sum(self._played.values())
        groups, before = [], 0
        for share in HEADS:
            upto = max(round(share * len(ranked)), before)
            members = ranked[before:upto]
            groups.append(
                {
                    "tracks": len(members),
                    "plays": _ratio(sum(self._played[handle] for handle in members), plays),
                    "slots": _ratio(sum(self._slots[handle] for handle in members), slots),
                }
            )
            before = upto
        unplayed = [handle for handle in self._slots if handle not in self._played]
        groups.append(
            {
                "tracks": len(unplayed),
                "plays": 0.0,
                "slots": _ratio(sum(self._slots[handle] for handle in unplayed), slots),
            }
        )
        known = int(np.count_nonzero(self._table.tracks["known"]))
        return {"heads": list(HEADS), "groups": groups, "shown": len(self._slots), "known": known}

    def _by_source(self) -> dict[str, dict[str, float]]:
        slots, hits = sum(self._top_sources.values()), sum(self._hit_sources.values())
        return {
            name: {
                "top": _ratio(self._top_sources[number], slots),
                "hits": _ratio(self._hit_sources[number], hits),
            }
            for number, name in enumerate(SOURCE_NAMES)
            if self._top_sources[number]
        }

    def _weights(self) -> list[dict[str, Any]]:
        """Return what each column is worth in the average context, with 95 % of its posterior."""
        engine = self._engine
        if engine is None or not self._decisions:
            return []
        learning = engine.settings.learning
        version = make_version([engine.learner.evidence], learning.prior)
        context = (self._context / self._decisions).astype(np.float32)
        worth = contract_weights(version.weights, context)
        here = contract_covariance(version.covariance, context)
        own = np.arange(len(worth), dtype=np.int64)
        spread = _half_widths(here, own, learning.noise)
        return [
            {"name": name, "weight": weight, "low": weight - width, "high": weight + width}
            for name, weight, width in zip(version.pair_names, worth.tolist(), spread.tolist(), strict=True)
        ]

    def _latencies(self) -> dict[str, float]:
        total = np.cumsum(self._latency)
        if not total[-1]:
            return {}
        upper_ms = 1e-3 * 10.0 ** ((np.arange(LATENCY_BUCKETS) + 1) / LATENCY_STEPS)
        return {
            f"p{percent:g}": float(upper_ms[int(np.searchsorted(total, percent / 100 * total[-1]))])
            for percent in (50, 90, 99, 99.9)
        }


def _half_widths(pairs: Floats, own: Indices, noise: float) -> Floats:
    """Return 95 % half widths from the variances among a covariance's pairs: i with itself is i(i+3)/2."""
    variances: Floats = np.maximum(pairs[own * (own + 3) // 2], 0.0)
    return Z95 * noise * np.sqrt(variances)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
