"""The check of effects once: all that a deployment has published, against folds of what it read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from features.track.layout import SHOWN
from features.track.table import TrackTable
from numeric.arrays import bytes_of
from pipelines.collect import collect, recent_play_of, rows_of
from pipelines.erase import erase
from pipelines.faust_worker.cache import PROGRESS, Progress
from pipelines.faust_worker.collecting import StoredFacts
from pipelines.kafka.letters import letter_of, schema_of
from pipelines.kafka.read import Record, read
from pipelines.kafka.topics import topics_of
from pipelines.learn import SKIPS, Learner
from pipelines.listener import Listener, new_listener, restore_listener, store_listener
from pipelines.listeners import body_of
from pipelines.serve import FOREVER_MS, Transition, fire_timers, serve
from pipelines.settings import DAY_MS, Settings
from pipelines.views import Views
from state.keys import split
from topics.codec import decode
from topics.dead_letter import Rejected
from topics.erasure import Erasure
from topics.play import Play
from topics.recent_play import RecentPlay
from topics.request import Request

EXAMPLES = 5

Told = tuple[Any, ...]


class Problems:
    """What is not as it must be, kind by kind."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = defaultdict(list)
        self.checked: Counter[str] = Counter()

    def expect(self, holds: bool, kind: str, example: Any = "") -> None:
        self.checked[kind] += 1
        if not holds:
            self.found[kind] += 1
            if len(self.examples[kind]) < EXAMPLES:
                self.examples[kind].append(str(example)[:300])

    def __str__(self) -> str:
        return "\n".join(
            f"{kind}: {count}, such as {self.examples[kind]}" for kind, count in self.found.items()
        )


class Published:
    """What a deployment's topics hold: committed records, each partition's in order.

    ``read`` returns those of a topic by its name without prefix, in any order of partitions.
    """

    def __init__(self, settings: Settings, read: Callable[[str], Iterable[Record]]) -> None:
        self.settings = settings
        self._read = read
        self._records: dict[str, list[Record]] = {}
        self._decoded: dict[str, list[Any]] = {}

    def records(self, name: str) -> list[Record]:
        """All records of a topic."""
        if name not in self._records:
            found = self._read(name)
            self._records[name] = sorted(found, key=lambda record: (record.partition, record.offset))
        return self._records[name]

    def decoded(self, name: str) -> list[Any]:
        """What they hold."""
        if name not in self._decoded:
            self._decoded[name] = [
                decode(record.value or b"", schema_of(record.headers)) for record in self.records(name)
            ]
        return self._decoded[name]


def on_kafka(settings: Settings) -> Published:
    """What is on a real cluster."""
    topics = topics_of(settings.kafka)
    return Published(settings, lambda name: read(topics[name].name, settings.kafka))


def told(events: npt.NDArray[np.void], table: TrackTable) -> list[Told]:
    """Plays heard and followed, by the names of their tracks; what is unknown equals itself."""
    names = [*table.names, ""]
    return [
        (names[track], names[by], at_ms, str(share), kind, steps, skipped)
        for at_ms, track, by, _, share, kind, steps, skipped in events.tolist()
        if kind != SHOWN
    ]


class Fold:
    """What the log of listener-events makes of its listeners, whatever was recommended to them."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.views = settings, Views(settings)
        self.listeners: dict[str, Listener] = {}
        self.causes: Counter[tuple[str, str]] = Counter()  # (listener, cause) that one Scores must answer
        self.buried: set[tuple[str, int, int]] = set()
        self.heard: Counter[Told] = Counter()
        self.recent: Counter[RecentPlay] = Counter()
        self.erased: set[str] = set()
        self.accepted = 0

    def take(self, record: Record) -> None:
        place = (record.topic, record.partition, record.offset)
        received_ms = record.at_ms if record.appended else None
        try:
            found = decode(record.value or b"", schema_of(record.headers))
        except Rejected:
            self.buried.add(place)
            return
        if not isinstance(found, Play | Request | Erasure) or record.key != found.listener_id.encode():
            self.buried.add(place)
            return
        before = self.listeners.get(found.listener_id)
        if isinstance(found, Erasure):
            self.note(erase(before, found, self.views, self.settings, received_ms))
            self.listeners.pop(found.listener_id, None)
            self.erased.add(found.listener_id)
            return
        try:
            done = serve(before, found, self.views, self.settings, received_ms)
        except Rejected:
            self.buried.add(place)
            return
        self.accepted += 1
        self.note(done)
        self.listeners[found.listener_id] = done.state or new_listener()
        if done.decided is not None:
            self.causes[found.listener_id, done.decided.scores.cause] += 1

    def note(self, done: Transition) -> None:
        if done.recent is not None:
            self.recent[recent_play_of(done.recent, self.views.table)] += 1
        for events in done.events:
            self.heard.update(told(events, self.views.table))

    def settled(self, listener_id: str, state: Listener) -> Listener:
        """The state once every timer has fired: when one does is up to whoever hosts the step."""
        done = fire_timers(state, listener_id, FOREVER_MS, self.views, self.settings)
        self.note(done)
        return done.state or new_listener()


def check(published: Published) -> Problems:
    """Return all that contradicts effects once."""
    settings = published.settings
    problems = Problems()
    fold = Fold(settings)
    for record in published.records("listener-events"):
        fold.take(record)
    scores = _check_scores(published, fold, problems)
    _check_letters(published, fold, problems)
    states, host = _check_listeners(published, fold, problems)
    _check_heard(published, fold, host, problems)
    _check_feedback(published, scores, states, fold, problems)
    _check_evidence(published, problems)
    _check_facts(published, problems)
    recent = Counter(published.decoded("recent-plays"))
    problems.expect(recent == fold.recent, "recent plays", (recent - fold.recent, fold.recent - recent))
    return problems


def check_kept(published: Published) -> Problems:
    """Return what is lost or doubled of scores, dead letters and listeners' plays.

    This much holds whichever versions took part: they may decide, describe and count otherwise.
    """
    problems = Problems()
    fold = Fold(published.settings)
    for record in published.records("listener-events"):
        fold.take(record)
    _check_scores(published, fold, problems)
    _check_letters(published, fold, problems)
    _check_listeners(published, fold, problems)
    return problems


def _check_scores(published: Published, fold: Fold, problems: Problems) -> dict[str, Any]:
    sent = published.decoded("scores")
    causes = Counter((one.listener_id, one.cause) for one in sent)
    for cause in causes.keys() | fold.causes.keys():
        kind = "scores are missing" if causes[cause] < fold.causes[cause] else "scores twice"
        problems.expect(causes[cause] == fold.causes[cause], kind, (cause, causes[cause]))
    ids = Counter(one.decision_id for one in sent)
    for decision_id, count in ids.items():
        problems.expect(count == 1, "a decision id twice", decision_id)
    return {one.decision_id: one for one in sent}


def _check_letters(published: Published, fold: Fold, problems: Problems) -> None:
    letters = [
        letter_of(record.key, record.value, record.headers)[0] for record in published.records("dead-letters")
    ]
    places = Counter((letter.source, letter.partition, letter.offset) for letter in letters)
    for place in places.keys() | fold.buried:
        problems.expect(places[place] == (place in fold.buried), "dead letters", (place, places[place]))
    for letter in letters:
        problems.expect(letter.reason != "failed", "failed inside a step", letter.detail)


def _check_listeners(
    published: Published, fold: Fold, problems: Problems
) -> tuple[dict[str, Listener], Fold]:
    """Return the stored states, and who let their last timers fire."""
    settings = published.settings
    stored = _newest(published, "serve-changelog", "listener")
    views = Views(settings)
    host = Fold(settings)
    host.views = views
    states = {
        listener_id: restore_listener(body_of(value, listener_id), views.table.handle)
        for listener_id, value in stored.items()
    }
    for listener_id in states.keys() | fold.listeners.keys():
        state, expected = states.get(listener_id), fold.listeners.get(listener_id)
        problems.expect(
            (state is None) == (expected is None), "a listener is missing or was forgotten", listener_id
        )
        if state is None or expected is None:
            continue
        came = _features(host.settled(listener_id, state), views)
        wanted = _features(fold.settled(listener_id, expected), fold.views)
        problems.expect(came == wanted, "features differ from the fold of the log", listener_id)
    return states, host


def _check_heard(published: Published, fold: Fold, host: Fold, problems: Problems) -> None:
    table = host.views.table
    sent: Counter[Told] = Counter()  # and those that the last timers have still to emit
    for record in published.decoded("track-events"):
        sent.update(told(rows_of(record, table), table))
    problems.expect(
        sent + host.heard == fold.heard,
        "plays are counted otherwise than heard",
        list(((sent + host.heard) - fold.heard).items())[:2]
        + list((fold.heard - (sent + host.heard)).items())[:2],
    )


FIELDS = ("started_ms", "at_ms", "play", "event", "opened", "share", "skipped", "liked", "ended", "counted")


def _features(state: Listener, views: Views) -> Any:
    """What features are read from, as it comes back from a store: that rounds what is old."""
    stored = restore_listener(store_listener(state, views.table.names), views.table.handle)
    names = [views.table.names[handle] for handle in stored.plays["track"].tolist()]
    fields = [stored.plays[name].tobytes() for name in FIELDS]
    return names, fields, stored.kept, stored.floor_ms, stored.newest_ms, stored.requests


def _check_feedback(
    published: Published, scores: dict[str, Any], states: dict[str, Listener], fold: Fold, problems: Problems
) -> None:
    parts: dict[str, list[Any]] = defaultdict(list)
    for feedback in published.decoded("feedback"):
        if feedback.kind == "recommended":
            parts[feedback.decision_id].append(feedback)
    pending = {
        p.decision_id: p for state in states.values() for p in state.pending if p.kind == "recommended"
    }
    for decision_id, found in parts.items():
        numbers = [feedback.part for feedback in found]
        problems.expect(numbers == list(range(len(numbers))), "parts of feedback", (decision_id, numbers))
        finals = [feedback.final for feedback in found]
        problems.expect(not any(finals[:-1]), "feedback after its final part", decision_id)
        problems.expect(decision_id in scores, "feedback on what was not published", decision_id)
    for decision_id, one in scores.items():
        if not one.slate or one.listener_id in fold.erased:
            continue
        closed = bool(parts[decision_id]) and parts[decision_id][-1].final
        problems.expect(
            closed != (decision_id in pending),
            "a decision neither waits nor was closed, or both",
            decision_id,
        )
    for decision_id, decision in pending.items():
        one = scores.get(decision_id)
        same = one is not None and (
            decision.tracks == tuple(slot.track_id for slot in one.slate)
            and decision.propensities == tuple(slot.propensity for slot in one.slate)
        )
        problems.expect(same, "a pending decision is not what was published", decision_id)


def _check_evidence(published: Published, problems: Problems) -> None:
    settings = published.settings
    snapshots: dict[tuple[int, str], Any] = {}
    for snapshot in published.decoded("policy-snapshots"):
        former = snapshots.get((snapshot.shard, snapshot.policy))
        problems.expect(
            former is None or former.version < snapshot.version,
            "a version twice or out of turn",
            snapshot.version,
        )
        snapshots[snapshot.shard, snapshot.policy] = snapshot
    learners: dict[int, Learner] = {}
    told: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for record in published.records("feedback"):
        newest = snapshots.get((record.partition, SKIPS))
        if newest is None or record.offset > newest.feedback_offset:
            continue
        learner = learners.setdefault(record.partition, Learner(settings))
        feedback = decode(record.value or b"", "feedback.v1")
        of_listener = told[record.partition, feedback.listener_mark]
        if feedback.kind == "erased":
            learner.erase(of_listener)
            of_listener.clear()
            learner.next_version()
            continue
        of_listener.append(feedback)
        if learner.learn(feedback):
            learner.next_version()
    for shard, learner in learners.items():
        for expected in learner.snapshots(snapshots[shard, SKIPS].feedback_offset, shard, ""):
            came = snapshots[shard, expected.policy]
            problems.expect(
                msgspec.structs.replace(came, settings="") == expected,
                "evidence is not the fold of its feedback",
                (shard, expected.policy, came.version, expected.version),
            )


def _check_facts(published: Published, problems: Problems) -> None:
    settings = published.settings
    tables: dict[int, TrackTable] = {}
    progress = _progress(published, "collect-changelog")
    for record in published.records("track-events"):
        if record.offset <= progress.get(record.partition, -1):
            if record.partition not in tables:
                tables[record.partition] = TrackTable(
                    int(settings.facts.popularity_half_life_days * DAY_MS),
                    int(settings.facts.follower_half_life_days * DAY_MS),
                )
            table = tables[record.partition]
            collect(table, bytes_of(rows_of(decode(record.value or b"", "track-events.v1"), table)))
    stored = _newest(published, "collect-changelog", "facts")
    expected = {
        table.names[handle]: table.facts(handle)
        for table in tables.values()
        for handle in np.flatnonzero(table.tracks["known"]).tolist()
        if table.names[handle]
    }
    for track_id in stored.keys() | expected.keys():
        value = stored.get(track_id)
        came = None if value is None else msgspec.msgpack.decode(value[1:], type=StoredFacts)
        wanted = expected.get(track_id)
        facts = None if came is None else came.facts
        if facts is not None and wanted is not None and not facts.follow_near + facts.follow_far:
            # The landmark of no followers says nothing: it may be of before there were any at all.
            facts = msgspec.structs.replace(facts, follower_landmark=wanted.follower_landmark)
        problems.expect(
            facts is not None and facts == wanted,
            "track facts are not the fold of their events",
            track_id,
        )
    sent = {facts.track_id: facts for facts in published.decoded("track-facts")}
    for track_id, value in stored.items():
        came = msgspec.msgpack.decode(value[1:], type=StoredFacts)
        problems.expect(
            came.news or sent.get(track_id) == came.facts,
            "the newest facts were not published",
            track_id,
        )


def _progress(published: Published, topic: str) -> dict[int, int]:
    """How far each partition's input was taken in, as its changelog says."""
    return {
        record.partition: msgspec.msgpack.decode((record.value or b"")[1:], type=Progress).offset
        for record in published.records(topic)
        if record.key == PROGRESS
    }


def _newest(published: Published, topic: str, family: str) -> dict[str, bytes]:
    """The newest value of each key of a family, without what was deleted."""
    found: dict[str, bytes] = {}
    for record in published.records(topic):
        of, name = split(record.key or b"")
        if of != family:
            continue
        if record.value is None:
            found.pop(name.decode(), None)
        else:
            found[name.decode()] = record.value
    return found


def listed(problems: Problems) -> Iterator[str]:
    """One line for each thing that was looked at."""
    for kind, count in sorted(problems.checked.items()):
        wrong = problems.found[kind]
        yield f"{count:>9,} looked at, {wrong:>6,} wrong: {kind}"
