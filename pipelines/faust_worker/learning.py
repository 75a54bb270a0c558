"""Learning: learn on one shard: the feedback of its partition folded, a snapshot for every version."""

from collections.abc import Awaitable
from typing import Any

import msgspec
from msgspec import Struct

from bandits.evidence import Evidence
from bandits.merge import realigned
from bandits.snapshot import evidence_of
from pipelines.failures import Halted
from pipelines.faust_worker.burial import Burial
from pipelines.faust_worker.machine import Machine
from pipelines.faust_worker.producer import Output, schema
from pipelines.faust_worker.reader import read_to_end
from pipelines.kafka.letters import schema_of
from pipelines.learn import SKIPS, Learner, NewerLayout
from pipelines.settings import DAY_MS, Settings
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES
from state.checkpoint import NOTHING, Batch
from topics.codec import decode, encode
from topics.dead_letter import Rejected
from topics.feedback import Feedback
from topics.ids import name_of
from topics.policy_snapshot import PolicySnapshot
from topics.registry import Topic, snapshot_key

SNAPSHOT = schema("policy-snapshot.v1")


class SnapshotHead(Struct, frozen=True):
    """As much of a snapshot as tells which one it is."""

    policy: str
    shard: int
    version: int
    feedback_offset: int


head_of = msgspec.json.Decoder(SnapshotHead).decode


class Snapshots:
    """Where a learner's evidence is when nobody hosts it: its newest snapshots. There is no other state."""

    def __init__(self, shard: int, topics: dict[str, Topic], settings: Settings, machine: Machine) -> None:
        self.changelog = topics["policy-snapshots"].name
        self._shard, self._settings, self.machine = shard, settings, machine
        self.newest: dict[str, PolicySnapshot] = {}  # of rewards and of skips, by their policy's name

    async def load(self) -> int:
        """Return that nothing is kept here."""
        return NOTHING

    async def catch_up(self, after: int) -> int:
        """Read the newest snapshots of this shard; return the last offset of feedback in them."""
        values: dict[str, tuple[int, bytes]] = {}
        wanted = (self._settings.policy.name, SKIPS)
        async for records in read_to_end(self.changelog, 0, after + 1, self.machine, high_watermark=True):
            for record in records:
                head = head_of(record.value)
                if head.shard == self._shard and head.policy in wanted:
                    values[head.policy] = (head.feedback_offset, record.value)
        self.newest = {policy: decode(value, "policy-snapshot.v1") for policy, (_, value) in values.items()}
        return max((offset for offset, _ in values.values()), default=NOTHING)

    def keep(self, batch: Batch, reflects: int) -> None:
        """Keep nothing: what is published is what is kept."""

    def distrust(self, reason: str) -> None:
        """Do nothing: there is nothing here."""

    def close(self) -> None:
        """Let go of nothing."""


class Learning:
    """One shard's learner. Nothing is written between two versions: feedback itself is the changelog."""

    def __init__(
        self, shard: int, snapshots: Snapshots, burial: Burial, topics: dict[str, Topic], settings: Settings
    ) -> None:
        self._shard, self._settings = shard, settings
        self._topic = topics["policy-snapshots"].name
        self._burial, self._machine = burial, snapshots.machine
        self._digest = settings_digest(settings)
        self.learner = _learner_of(snapshots.newest, settings)
        self._outputs: list[Output] = []
        self._reflects = NOTHING  # the last offset that what waits here reflects

    def take(self, record: Any) -> Awaitable[None] | None:
        """Fold one part of a feedback; a version that is due becomes two snapshots."""
        try:
            feedback = decode(record.value or b"", schema_of(record.headers))
            if not isinstance(feedback, Feedback):
                raise Rejected("unknown_schema", "expected feedback.v1 on this topic", "schema")
            if feedback.kind == "erased":
                return self._erase(feedback, record)
            due = self.learner.learn(feedback)
        except NewerLayout as error:
            raise Halted(str(error)) from None
        except Rejected as error:
            self._bury(self._burial.rejected(record, error), record.offset)
            return None
        except Exception as error:  # noqa: BLE001  what raises, raised before any change
            self._bury(self._burial.failed(record, error), record.offset)
            return None
        self._burial.failures.in_a_row = 0
        if due:
            self.learner.next_version()
            self._publish(record.offset)
        return None

    def idle(self, now_ms: int) -> None:
        """Do nothing: a version is due by rows and by event time."""

    def committed(self, now_ms: int) -> None:
        """Do nothing: nobody waits for this."""

    def batch(self, offset: int) -> Batch | None:  # noqa: ARG002  what is not in a snapshot is read again
        """Return the snapshots that became due."""
        if not self._outputs:
            return None
        outputs, self._outputs = self._outputs, []
        return Batch(self._reflects, outputs, {})

    async def _erase(self, erased: Feedback, record: Any) -> None:
        """Take a listener's rows away: all that is retained of this shard's feedback is read again."""
        parts: list[Feedback] = []
        async for records in read_to_end(record.topic, self._shard, 0, self._machine):
            for former in records:
                if former.offset >= record.offset:
                    break
                part = _marked(former, erased.listener_mark)
                if part is not None:
                    parts = [] if part.kind == "erased" else [*parts, part]
        self.learner.erase(parts)
        self.learner.next_version()
        self._publish(record.offset)

    def _bury(self, letter: Output, offset: int) -> None:
        """Send a letter together with a version: only so is it sent once."""
        self._outputs.append(letter)
        self.learner.next_version()
        self._publish(offset)

    def _publish(self, offset: int) -> None:
        for snapshot in self.learner.snapshots(offset, self._shard, self._digest):
            key = snapshot_key(snapshot.policy, snapshot.shard, snapshot.version)
            self._outputs.append(Output(self._topic, 0, key, encode(snapshot), SNAPSHOT))
        self._reflects = offset


def _marked(record: Any, mark: str) -> Feedback | None:
    """Return a record's feedback if it is that of a listener's mark; what cannot be read was not folded."""
    try:
        found = decode(record.value or b"", schema_of(record.headers))
    except Rejected:
        return None
    return found if isinstance(found, Feedback) and found.listener_mark == mark else None


def settings_digest(settings: Settings) -> str:
    """Return a digest of the settings that evidence depends on: the units of its numbers.

    >>> settings_digest(Settings())
    '...'
    """
    return name_of("evidence", half_life_ms(settings))


def half_life_ms(settings: Settings) -> int:
    """Return the half-life of evidence, in whole milliseconds."""
    return int(settings.learning.half_life_days * DAY_MS)


def evidence_in(snapshot: PolicySnapshot, settings: Settings) -> Evidence:
    """Return the evidence of a snapshot with today's columns; raises `Halted` for another half-life."""
    if snapshot.settings != settings_digest(settings):
        raise Halted(
            f"snapshot {snapshot.version} of {snapshot.policy}, shard {snapshot.shard}, was made with "
            f"another learning.half_life_days than {settings.learning.half_life_days:g}: set it back, or "
            "begin a deployment with another kafka.prefix"
        )
    evidence = evidence_of(snapshot, half_life_ms(settings))
    if evidence.layout != LAYOUT:  # columns came or went since: what the others learned stays
        evidence = realigned(evidence, LAYOUT, CONTEXT_NAMES, PAIR_NAMES)
    return evidence


def _learner_of(newest: dict[str, PolicySnapshot], settings: Settings) -> Learner:
    rewards, skips = newest.get(settings.policy.name), newest.get(SKIPS)
    if rewards is None or skips is None:
        return Learner(settings)
    return Learner(settings, evidence_in(rewards, settings), evidence_in(skips, settings), rewards.version)
