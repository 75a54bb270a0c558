"""Learning: learn on one shard: the feedback of its partition folded, a snapshot for every version."""

from collections.abc import Awaitable
from typing import Any

from pipelines.failures import Halted
from pipelines.faust_worker.machine import Machine
from pipelines.faust_worker.reader import read_to_end
from pipelines.kafka.burial import Burial
from pipelines.kafka.letters import schema_of
from pipelines.kafka.outputs import Output
from pipelines.kafka.snapshots import SNAPSHOT, head_of, learner_of, settings_digest
from pipelines.learn import SKIPS, NewerLayout
from pipelines.settings import Settings
from state.checkpoint import NOTHING, Batch
from topics.codec import decode, encode
from topics.dead_letter import Rejected
from topics.feedback import Feedback
from topics.policy_snapshot import PolicySnapshot
from topics.registry import Topic, snapshot_key


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
        self.learner = learner_of(snapshots.newest, settings)
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
