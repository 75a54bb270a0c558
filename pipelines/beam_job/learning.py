"""Learning: learn as a stateful DoFn keyed by shard; a snapshot for every version."""

from typing import Any, NamedTuple

import apache_beam as beam
import msgspec
from apache_beam.coders import BytesCoder
from apache_beam.transforms.userstate import BagStateSpec, ReadModifyWriteStateSpec
from msgspec import Struct

from pipelines.beam_job.counts import Counts
from pipelines.beam_job.offsets import add, holds
from pipelines.beam_job.sink import unpacked_all
from pipelines.failures import Halted
from pipelines.kafka.burial import Burial
from pipelines.kafka.letters import schema_of
from pipelines.kafka.outputs import Output
from pipelines.kafka.read import Record, read
from pipelines.kafka.snapshots import SNAPSHOT, learner_of, settings_digest
from pipelines.kafka.topics import topics_of
from pipelines.learn import SKIPS, Learner, NewerLayout
from pipelines.settings import Settings
from topics.codec import decode, encode
from topics.dead_letter import Rejected
from topics.feedback import Feedback
from topics.ids import name_of
from topics.policy_snapshot import PolicySnapshot
from topics.registry import snapshot_key


class Shard(Struct, frozen=True, array_like=True):
    """The small part of what is kept of a shard."""

    mark: str  # digest of all batches it has taken in, in their order
    offsets: tuple[tuple[int, int], ...]  # ranges of the topic that these came from


class Newest(NamedTuple):
    """Evidence as of the newest version."""

    rewards: PolicySnapshot
    skips: PolicySnapshot


_encode = msgspec.msgpack.Encoder().encode
_shard = msgspec.msgpack.Decoder(Shard)
_newest = msgspec.msgpack.Decoder(Newest)


class Learn(beam.DoFn):  # type: ignore[misc]  # beam has no types
    """Take (shard, packed feedback); yield what is sent.

    Kept are the newest version's evidence and the feedback since, which is read and folded again after a
    restart, bit for bit. In between a learner lives on in memory, as long as the mark says it is the same.
    """

    NEWEST = ReadModifyWriteStateSpec("newest", BytesCoder())
    SINCE = BagStateSpec("since", BytesCoder())
    SHARD = ReadModifyWriteStateSpec("shard", BytesCoder())

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def setup(self) -> None:
        """Know no shard yet."""
        topics = topics_of(self._settings.kafka)
        self._names = {name: topic.name for name, topic in topics.items()}
        self._digest = settings_digest(self._settings)
        self._burial = Burial(self._names["dead-letters"], Counts())
        self._known: dict[int, tuple[str, Learner]] = {}

    def process(
        self,
        element: tuple[int, bytes],
        newest: Any = beam.DoFn.StateParam(NEWEST),  # noqa: B008  Beam's way
        since: Any = beam.DoFn.StateParam(SINCE),  # noqa: B008
        kept: Any = beam.DoFn.StateParam(SHARD),  # noqa: B008
    ) -> list[Output]:
        """Fold a batch; a version that is due becomes two snapshots."""
        number, batch = element
        before = kept.read()
        shard = Shard("", ()) if before is None else _shard.decode(before)
        learner = self._learner(number, shard, newest, since)
        outputs: list[Output] = []
        rest: list[Record] = []  # what came after the newest version
        offsets, is_new = shard.offsets, False
        for record in unpacked_all(batch):
            offsets = add(offsets, record.offset)
            due = self._take(learner, record, offsets, outputs)
            rest.append(record)
            if due:
                learner.next_version()
                made = Newest(*learner.snapshots(record.offset, number, self._digest))
                outputs += self._sent(made)
                newest.write(_encode(made))
                rest, is_new = [], True
        if is_new:
            since.clear()
        if rest:
            since.add(_encode(rest))
        mark = name_of(shard.mark, number, batch.hex())
        kept.write(_encode(Shard(mark, offsets)))
        self._known[number] = (mark, learner)
        return outputs

    def _learner(self, number: int, shard: Shard, newest: Any, since: Any) -> Learner:
        """Return who has taken in just what is kept; made anew where memory holds another past."""
        known = self._known.pop(number, None)  # a batch that fails must not leave it half taught
        if known is not None and known[0] == shard.mark:
            return known[1]
        value = newest.read()
        snapshots = {}
        if value is not None:
            made = _newest.decode(value)
            snapshots = {self._settings.policy.name: made.rewards, SKIPS: made.skips}
        learner = learner_of(snapshots, self._settings)
        for batch in since.read():
            for record in unpacked_all(batch):
                self._take(learner, record, shard.offsets, [])
        return learner

    def _take(self, learner: Learner, record: Record, offsets: Any, outputs: list[Output]) -> bool:
        """Fold one part; tell whether a version is due."""
        try:
            feedback = decode(record.value or b"", schema_of(record.headers))
            if feedback.kind == "erased":
                learner.erase(self._retained(feedback, record, offsets))
                return True
            return learner.learn(feedback)
        except NewerLayout as error:
            raise Halted(str(error)) from None
        except Rejected as error:
            outputs.append(self._burial.rejected(record, error))
        except Exception as error:  # noqa: BLE001  what raises, raised before any change
            outputs.append(self._burial.failed(record, error))
        return False

    def _retained(self, erased: Feedback, record: Record, offsets: Any) -> list[Feedback]:
        """Return a listener's feedback that was taken in: not what a run that failed had sent besides."""
        parts: list[Feedback] = []
        for former in read(record.topic, self._settings.kafka, partitions=[record.partition]):
            if former.offset >= record.offset:
                break
            if not holds(offsets, former.offset):
                continue
            part = decode(former.value or b"", schema_of(former.headers))
            if part.listener_mark == erased.listener_mark:
                parts = [] if part.kind == "erased" else [*parts, part]
        return parts

    def _sent(self, made: Newest) -> list[Output]:
        topic = self._names["policy-snapshots"]
        return [
            Output(topic, 0, snapshot_key(one.policy, one.shard, one.version), encode(one), SNAPSHOT)
            for one in made
        ]
