"""Watch: what must hold at every moment of a run, looked at whenever a transaction commits."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from pipelines.faust_worker.assembly import Assembly
from pipelines.faust_worker.cache import PROGRESS, Progress
from pipelines.faust_worker.partition import Partition
from pipelines.kafka.letters import letter_of
from pipelines.kafka.snapshots import head_of
from pipelines.kafka.topics import topics_of
from pipelines.learn import SKIPS
from pipelines.settings import Settings
from pipelines.views import Views
from state.checkpoint import Effect, Start
from tests.faults.simulator.broker import Broker, Entry
from topics.codec import decode
from topics.track_facts import TrackFacts

if TYPE_CHECKING:
    from tests.faults.simulator.world import Computer, World


class Wrong(Exception):
    """Something is not as it must be; ``kind`` names the promise that does not hold."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind


class ScoresHead(Struct, frozen=True):
    """As much of Scores as tells which they are."""

    decision_id: str
    listener_id: str
    cause: str


_scores_head = msgspec.json.Decoder(ScoresHead).decode


class Watch:
    """Sees every commit, in the order of their decisions."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._names = {topic.name: name for name, topic in topics_of(settings.kafka).items()}
        self._policy, self._shards = settings.policy.name, settings.kafka.shards
        self._wrong: Wrong | None = None
        self._decisions: set[str] = set()
        self._causes: set[tuple[str, str]] = set()
        self._progress: dict[tuple[str, int], int] = {}
        self._versions: dict[tuple[str, int], int] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._letters: set[tuple[str, int, int]] = set()
        self._at_start: dict[int, list[int]] = {}  # id of a worker's parts → versions published before
        self.looked: Counter[str] = Counter()

    def is_wrong(self) -> bool:
        """Whether a run may end at once."""
        return self._wrong is not None

    def tell(self) -> None:
        """Raise what was found."""
        if self._wrong is not None:
            raise self._wrong

    def _expect(self, holds: bool, kind: str, detail: Any) -> None:
        self.looked[kind] += 1
        if not holds and self._wrong is None:
            self._wrong = Wrong(kind, str(detail)[:400])

    def committed(self, entries: list[Entry]) -> None:
        """Look at what a transaction makes visible."""
        for entry in entries:
            match self._names[entry.topic]:
                case "scores":
                    self._scores(entry)
                case "serve-changelog" | "collect-changelog" if entry.key == PROGRESS:
                    self._moved(entry)
                case "policy-snapshots":
                    self._version(entry)
                case "dead-letters":
                    self._letter(entry)

    def _scores(self, entry: Entry) -> None:
        head = _scores_head(entry.value or b"")
        cause = head.listener_id, head.cause
        self._expect(cause not in self._causes, "scores twice", cause)
        self._expect(head.decision_id not in self._decisions, "a decision id twice", head)
        self._causes.add(cause)
        self._decisions.add(head.decision_id)

    def _moved(self, entry: Entry) -> None:
        """Progress may stand (a timer fired), but never go back: what came after it would be lost."""
        offset = msgspec.msgpack.decode((entry.value or b"")[1:], type=Progress).offset
        place = entry.topic, entry.partition
        before = self._progress.get(place, -1)
        self._expect(offset >= before, "progress goes back", (place, before, offset))
        self._progress[place] = offset

    def _version(self, entry: Entry) -> None:
        head = head_of(entry.value or b"")
        name = head.policy, head.shard
        before = self._versions.get(name, 0)
        self._expect(
            head.version == before + 1, "a version twice or out of turn", (name, before, head.version)
        )
        self._versions[name] = head.version
        reflected = self._offsets.get(name, -1)
        self._expect(
            head.feedback_offset >= reflected, "a version reflects less than the one before", (name, head)
        )
        self._offsets[name] = head.feedback_offset

    def _letter(self, entry: Entry) -> None:
        letter, _ = letter_of(entry.key, entry.value, entry.headers)
        place = letter.source, letter.partition, letter.offset
        self._expect(place not in self._letters, "a dead letter twice", place)
        self._letters.add(place)
        self._expect(letter.reason != "failed", "failed inside a step", letter.detail)

    # -------------------------------------------------------------- views

    def starts(self, parts: Assembly, broker: Broker) -> None:
        """Note what was published when a worker started: it must know that before it serves."""
        self._at_start[id(parts)] = self._stable_versions(broker)

    def performs(self, computer: Computer, partition: Partition, effect: Effect) -> None:
        """Look at the views when a partition is about to take in its first record."""
        parts = computer.parts
        if not isinstance(effect, Start) or parts is None or partition._source is not parts.intakes["serve"]:
            return
        known = (
            [int(part) for part in parts.views.version.name.split(".")] if parts.views.version.name else []
        )
        wanted = self._at_start[id(parts)]
        known += [0] * (len(wanted) - len(known))
        self._expect(
            all(k >= w for k, w in zip(known, wanted, strict=True)),
            "a worker serves before it knows what was published before it started",
            (known, wanted),
        )

    def _stable_versions(self, broker: Broker) -> list[int]:
        found: dict[tuple[str, int], int] = {}
        for place, log in broker.logs.items():
            if self._names[place.topic] == "policy-snapshots":
                for entry in log.read(0, len(log.entries) + 1, log.stable)[0]:
                    head = head_of(entry.value or b"")
                    found[head.policy, head.shard] = head.version
        return [
            version if version == found.get((SKIPS, shard)) else 0
            for shard in range(self._shards)
            for version in [found.get((self._policy, shard), 0)]
        ]

    def stale_views(self, world: World) -> Wrong | None:
        """Return what a view has not heard of, now that all is quiet; None where all know everything."""
        versions = ".".join(str(version) for version in self._stable_versions(world.broker))
        expected = Views(self._settings).table
        tracks: dict[str, None] = {}
        for entry in world.published("track-facts"):
            found = decode(entry.value or b"", "track-facts.v1")
            assert isinstance(found, TrackFacts)
            expected.take(found)
            tracks[found.track_id] = None
        played = sum(1 for _ in world.published("recent-plays"))
        for computer in world.computers:
            assert computer.parts is not None
            views = computer.parts.views
            if versions.strip("0.") and views.version.name != versions:
                return Wrong("a view of versions is stale", f"{views.version.name}, expected {versions}")
            known = int(views.recent.clock[1])
            if known != played:
                return Wrong("a view of recent plays is stale, or knows some twice", f"{known} of {played}")
            for track_id in tracks:
                facts = views.table.facts(views.table.handle(track_id))
                if facts != expected.facts(expected.handle(track_id)):
                    return Wrong("a view of track facts is stale", track_id)
        self.looked["views that know what was published"] += 1
        return None
