"""Metrics: what every driver counts for Prometheus, in one registry, named and measured one way."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from time import time
from typing import NamedTuple, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from bandits.version import Version
from features.track.layout import SHOWN
from pipelines.decide import Decided
from pipelines.serve import Transition
from topics.dead_letter import Reason

LATENCY_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
REWARDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
PROPENSITIES = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
MORE, LESS = ("more",), ("less",)
OBSERVED_MAX = 10_000  # values that wait to be put into histograms
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Figure(NamedTuple):
    """One number that a driver knows by itself, read when somebody asks; ``counts``: it only grows."""

    name: str
    what: str
    labels: dict[str, str]
    value: float
    counts: bool = False


class Metrics:
    """The figures of one process; names follow https://prometheus.io/docs/practices/naming.

    A driver calls `took` for each transition, `buried` for each dead letter, and sets the gauges it
    knows. Nothing here is read by a step, so nothing here can change a score.

    >>> metrics = Metrics()
    >>> metrics.buried("play", "not_json")
    >>> metrics.value("segue_dead_letters_total", reason="not_json")
    1.0
    """

    def __init__(self) -> None:
        # Counted in a dict and told to prometheus_client when somebody reads: its own counters cost a
        # microsecond each, a dozen a play.
        self._counted: defaultdict[tuple[Counter, tuple[str, ...]], float] = defaultdict(float)
        self._observed: list[tuple[Histogram, float]] = []
        self.registry = registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
        self.records = Counter(
            "segue_records",
            "Records by what became of them: scored, applied, late_applied, duplicate, rejected",
            ["kind", "outcome"],
            registry=registry,
        )
        self.beyond_limit = Counter(
            "segue_records_beyond_limit",
            "Records of listeners whose share of influence was spent: answered, and told to nobody",
            registry=registry,
        )
        self.dead_letters = Counter(
            "segue_dead_letters", "Records that could not be used", ["reason"], registry=registry
        )
        self.latency = Histogram(
            "segue_event_to_scores_seconds",
            "From receiving a record to its scores",
            buckets=LATENCY_S,
            registry=registry,
        )
        self.decisions = Counter("segue_decisions", "Slates drawn", ["policy"], registry=registry)
        self.explored = Counter(
            "segue_explored_decisions",
            "Slates whose first track is not the one with the highest expected reward",
            ["policy"],
            registry=registry,
        )
        self.sources = Counter(
            "segue_first_slots",
            "First tracks of slates, by what proposed them",
            ["source"],
            registry=registry,
        )
        self.propensity = Histogram(
            "segue_least_propensity",
            "The smallest propensity of each slate",
            buckets=PROPENSITIES,
            registry=registry,
        )
        self.rewards = Histogram(
            "segue_decision_reward",
            "What each closed decision earned",
            buckets=REWARDS,
            registry=registry,
        )
        self.shown = Counter("segue_shown_slots", "Slots that listeners have seen", registry=registry)
        self.surprise = Counter(
            "segue_slot_surprise",
            "What seen slots earned beyond expectation: the sum of what was more, and of what was less",
            ["sign"],
            registry=registry,
        )
        self.version_rows = Gauge(
            "segue_policy_rows", "Decayed rows of feedback that the policy in use knows", registry=registry
        )
        self.version_event_time = Gauge(
            "segue_policy_event_time_seconds", "Newest decision that it knows", registry=registry
        )
        self.version_made = Gauge(
            "segue_policy_made_timestamp_seconds", "When it was taken into use", registry=registry
        )
        self.versions = Counter("segue_policy_versions", "Versions taken into use", registry=registry)
        self.listeners = Gauge("segue_listeners", "Listeners met since the start", registry=registry)
        self.tracks = Gauge("segue_tracks", "Tracks in the catalogue or with facts", registry=registry)
        self.streams = Gauge("segue_streams", "Open streams of the page", registry=registry)
        self.missed = Counter(
            "segue_stream_missed", "Events that slow streams were not sent", registry=registry
        )
        for reason in get_args(Reason):  # known from the start: the first of a kind is an increase, too
            self.dead_letters.labels(reason)
        for sign in (MORE, LESS):
            self.surprise.labels(*sign)
        self._version: Version | None = None

    def took(self, kind: str, done: Transition, seconds: float | None = None) -> None:
        """Count one record's transition; ``seconds`` from its receipt to its scores, if that was measured."""
        self._counted[self.records, (kind, outcome_of(done))] += 1
        if "beyond_limit" in done.counts:
            self._counted[self.beyond_limit, ()] += 1
        if done.decided is not None:
            self._decided(done.decided)
            if seconds is not None:
                self._observed.append((self.latency, seconds))
        self.emitted(done)

    def emitted(self, done: Transition) -> None:
        """Count what a transition emitted; for those of a timer there is nothing more."""
        for decision in done.closed:
            self._observed.append((self.rewards, sum(decision.rewards)))
        for events in done.events:
            if not len(events) or events["kind"][0] != SHOWN:  # what was shown comes by itself
                continue
            residuals = events["residual"].tolist()
            self._counted[self.shown, ()] += len(residuals)
            self._counted[self.surprise, MORE] += sum([r for r in residuals if r > 0])
            self._counted[self.surprise, LESS] -= sum([r for r in residuals if r < 0])
        if len(self._observed) > OBSERVED_MAX:
            self._tell()

    def buried(self, kind: str, reason: str) -> None:
        """Count one record that became a dead letter."""
        self.records.labels(kind, "rejected").inc()
        self.dead_letters.labels(reason).inc()

    def decides(self, version: Version) -> None:
        """Note which version decides; one that is known already costs nothing."""
        if version is self._version:
            return
        self._version = version
        self.versions.inc()
        self.version_rows.set(version.rows)
        self.version_event_time.set(version.at_ms / 1_000)
        self.version_made.set(time())

    def latency_ms(self) -> list[tuple[float, int]]:
        """Return the latency histogram as (at most so many ms, records); what is slower is left out."""
        self._tell()
        samples = next(iter(self.latency.collect())).samples
        upto = [int(sample.value) for sample in samples if sample.name.endswith("_bucket")]
        return [
            (bound * 1_000, count - before)
            for bound, count, before in zip(LATENCY_S, upto, [0, *upto], strict=False)
        ]

    def read_from(self, figures: Callable[[], Iterable[Figure]]) -> None:
        """Add figures that a driver knows by itself; ``figures`` is called whenever the metrics are read."""
        self.registry.register(_Read(figures))

    def text(self) -> bytes:
        """Return everything in the OpenMetrics text format."""
        self._tell()
        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return text

    def value(self, name: str, **labels: str) -> float:
        """Return one sample's value, 0 where nothing was counted yet."""
        self._tell()
        return self.registry.get_sample_value(name, labels) or 0.0

    def _decided(self, decided: Decided) -> None:
        slate, policy = decided.scores.slate, decided.scores.policy
        self._counted[self.decisions, (policy,)] += 1
        if not slate or decided.pending is None:
            return
        is_best = decided.pending.means[0] >= decided.considered.means.max()
        # By 0, too: the series begins with the first slate.
        self._counted[self.explored, (policy,)] += not is_best
        self._counted[self.sources, (slate[0].source,)] += 1
        self._observed.append((self.propensity, min(decided.pending.propensities)))

    def _tell(self) -> None:
        """Hand over what was counted and observed since the last time."""
        for (counter, labels), by in self._counted.items():
            (counter.labels(*labels) if labels else counter).inc(by)
        self._counted.clear()
        for histogram, value in self._observed:
            histogram.observe(value)
        self._observed.clear()


class _Read(Collector):
    def __init__(self, figures: Callable[[], Iterable[Figure]]) -> None:
        self._figures = figures

    def describe(self) -> list[Metric]:
        """Return nothing: what there is to read is known only when it is read."""
        return []

    def collect(self) -> Iterator[Metric]:
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for figure in self._figures():
            if figure.name not in families:
                kind = CounterMetricFamily if figure.counts else GaugeMetricFamily
                families[figure.name] = kind(figure.name, figure.what, labels=list(figure.labels))
            families[figure.name].add_metric(list(figure.labels.values()), figure.value)
        yield from families.values()


def outcome_of(done: Transition) -> str:
    """Return what became of a record, in one word.

    >>> outcome_of(Transition(None, counts={"duplicate": 1}))
    'duplicate'
    """
    if done.decided is not None:
        return "scored"
    for outcome in ("duplicate", "late_applied"):
        if outcome in done.counts:
            return outcome
    return "applied"
