"""Planted: mistakes one could make in the worker, each a small patch that a run must catch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import msgspec
from aiokafka import TopicPartition
from msgspec.structs import replace

from pipelines.faust_worker import assembly, cache, collecting, intake, learning, serving, views_reader
from pipelines.faust_worker import partition as partitions
from pipelines.faust_worker.cache import PROGRESS, Cache, Progress, progress_value
from pipelines.faust_worker.partition import Partition
from pipelines.faust_worker.producer import Producer
from pipelines.faust_worker.reader import read_to_end
from pipelines.kafka import snapshots, topic_views
from pipelines.learn import Learner, versions_of
from state.checkpoint import (
    NOTHING,
    Acknowledge,
    Batch,
    Begin,
    CatchUp,
    Commit,
    Fence,
    Keep,
    Load,
    Publish,
    Start,
    Walk,
)
from state.envelope import unseal

Patch = Callable[[ExitStack], None]


class Planted(NamedTuple):
    """One mistake, and a seed that shows it."""

    name: str
    put: Patch
    seed: int


def _set(stack: ExitStack, where: Any, name: str, value: Any) -> None:
    stack.enter_context(patch.object(where, name, value))


@contextmanager
def planted(bug: Planted) -> Iterator[None]:
    """Make the mistake for a while."""
    with ExitStack() as stack:
        bug.put(stack)
        yield


# ------------------------------------------------------------------ the checkpoint's order


def _cache_before_commit(stack: ExitStack) -> None:
    """State is written before the transaction commits."""

    def surviving(batch: Batch) -> Walk:
        yield Begin()
        yield Publish(batch)
        yield Keep(batch, _guessed(batch))
        yield Commit()
        yield Acknowledge(batch.offset)
        return batch.offset

    _set(stack, partitions, "surviving", surviving)


def _guessed(batch: Batch) -> int:
    """What a cache would say it reflects, had nobody told: enough not to look at the changelog again."""
    return batch.offset


def _reflects_too_much(stack: ExitStack) -> None:
    """The cache says that it reflects one record more than it does."""
    kept = Cache.keep

    def keep(self: Cache, batch: Batch, reflects: int) -> None:
        kept(self, batch, reflects + 3)

    _set(stack, Cache, "keep", keep)


def _keeps_nothing(stack: ExitStack) -> None:
    """The cache is never written, but says that it reflects everything."""

    def keep(self: Cache, batch: Batch, reflects: int) -> None:
        self.store.write({cache.REFLECTS: self._mark(reflects)})

    _set(stack, Cache, "keep", keep)


def _restore_before_fence(stack: ExitStack) -> None:
    """State is read back before the former owner is shut out."""

    def opening() -> Walk:
        reflects = yield Load()
        progress: int = yield CatchUp(reflects)
        yield Fence()
        yield Start(progress + 1)
        return progress

    _set(stack, partitions, "opening", opening)


def _skips_one(stack: ExitStack) -> None:
    """Reading goes on one record too far."""

    def opening() -> Walk:
        yield Fence()
        reflects = yield Load()
        progress: int = yield CatchUp(reflects)
        yield Start(progress + 2)
        return progress

    _set(stack, partitions, "opening", opening)


def _no_catching_up(stack: ExitStack) -> None:
    """A store that is there is taken for current."""
    caught = Cache.catch_up

    async def catch_up(self: Cache, after: int) -> int:
        if after == NOTHING:
            return await caught(self, after)
        value = self.store.get(PROGRESS) or progress_value(NOTHING)
        body = unseal(value, cache.VERSION)
        return msgspec.msgpack.decode(body, type=Progress).offset

    _set(stack, Cache, "catch_up", catch_up)


# ------------------------------------------------------------------ progress


def _with_progress(value: Callable[[int], bytes | None]) -> Patch:
    def put(stack: ExitStack) -> None:
        for room in (serving, collecting):
            _set(stack, room, "progress_value", value)

    return put


def _progress_forgotten(stack: ExitStack) -> None:
    """Progress is in no changelog: the local store alone knows it."""
    batches = serving.Serving.batch

    def batch(self: Any, offset: int) -> Batch:
        made: Any = batches(self, offset)
        kept = [output for output in made.outputs if output.key != PROGRESS]
        return Batch(made.offset, kept, made.changes)

    _set(stack, serving.Serving, "batch", batch)


def _hint_is_truth(stack: ExitStack) -> None:
    """Where to go on is what the group has committed, not what is in the changelog."""
    performed = Partition._effect

    async def effect(self: Partition, one: Any) -> Any:
        if isinstance(one, CatchUp) and isinstance(self._source, intake.Intake):
            progress = await performed(self, one)
            consumer: Any = self._source._consumer
            group = consumer._group
            place = TopicPartition(self._source.topic, self.number)
            hint = group.offsets.get(place, 0) - 1
            return max(hint, NOTHING) if self._source.step != "learn" else progress
        return await performed(self, one)

    _set(stack, Partition, "_effect", effect)


# ------------------------------------------------------------------ producers


def _one_producer(stack: ExitStack) -> None:
    """One transactional id for all partitions of a step."""
    _set(stack, assembly, "transactional_id", lambda step, number, settings: f"segue-{step}")


def _producer_of_nobody(stack: ExitStack) -> None:
    """Each producer has an id of its own: nobody is ever fenced."""
    count = iter(range(10**9))
    _set(stack, assembly, "transactional_id", lambda *_: f"segue-{next(count)}")


def _letters_outside(stack: ExitStack) -> None:
    """Dead letters are sent beside the transaction."""
    published = Producer.publish

    async def publish(self: Producer, outputs: list[Any]) -> None:
        letters = [output for output in outputs if output.topic == "dead-letters"]
        await published(self, [output for output in outputs if output.topic != "dead-letters"])
        for letter in letters:
            await _beside(self, letter)

    _set(stack, Producer, "publish", publish)


def _scores_outside(stack: ExitStack) -> None:
    """Scores are sent beside the transaction: they would be there sooner."""
    published = Producer.publish

    async def publish(self: Producer, outputs: list[Any]) -> None:
        for output in outputs:
            if output.topic == "scores":
                await _beside(self, output)
        await published(self, [output for output in outputs if output.topic != "scores"])

    _set(stack, Producer, "publish", publish)


async def _beside(producer: Producer, output: Any) -> None:
    from tests.faults.simulator.broker import Sent

    client: Any = producer._kafka
    place = TopicPartition(output.topic, output.partition)
    sent = Sent(output.key, output.value, tuple(output.headers))
    await client._link.request(lambda: client._broker.append(place, sent))


def _outputs_lost(stack: ExitStack) -> None:
    """A batch that is larger than one request loses its rest."""
    published = Producer.publish

    async def publish(self: Producer, outputs: list[Any]) -> None:
        await published(self, outputs[:40])

    _set(stack, Producer, "publish", publish)


# ------------------------------------------------------------------ partitions


def _memory_after_failure(stack: ExitStack) -> None:
    """After a failure a partition goes on with what it has in memory."""
    opened = Partition._open

    async def open_(self: Partition) -> None:
        step, taken = getattr(self, "kept_step", None), self.taken
        await opened(self)
        if step is not None:
            self.step, self.taken = step, taken
            self._source.read_from(self.number, taken + 1)
        self.kept_step = self.step  # type: ignore[attr-defined]

    _set(stack, Partition, "_open", open_)


def _inbox_kept(stack: ExitStack) -> None:
    """What was read ahead stays when a partition opens anew."""
    performed = Partition._effect

    async def effect(self: Partition, one: Any) -> Any:
        if isinstance(one, Start):
            self._source.read_from(self.number, one.offset)
            return None
        return await performed(self, one)

    _set(stack, Partition, "_effect", effect)


def _read_again(stack: ExitStack) -> None:
    """A record that was taken in already is taken in again."""
    performed = Partition._effect

    async def effect(self: Partition, one: Any) -> Any:
        brought = await performed(self, one)
        if isinstance(one, Start):
            self._source.read_from(self.number, max(one.offset - 2, 0))
            self.taken = NOTHING
        return brought

    opened = Partition._open

    async def open_(self: Partition) -> None:
        await opened(self)
        self.taken = NOTHING

    _set(stack, Partition, "_effect", effect)
    _set(stack, Partition, "_open", open_)


# ------------------------------------------------------------------ stores


def _tombstones_ignored(stack: ExitStack) -> None:
    """What a changelog deletes stays in the store."""

    async def catch_up(self: Cache, after: int) -> int:
        async for records in read_to_end(
            self.changelog, self.partition, after + 1, self._machine, high_watermark=True
        ):
            changes = {record.key: record.value for record in records if record.value is not None}
            self.store.write(changes | {cache.REFLECTS: self._mark(records[-1].offset)})
        value = self.store.get(PROGRESS)
        return NOTHING if value is None else msgspec.msgpack.decode(value[1:], type=Progress).offset

    _set(stack, Cache, "catch_up", catch_up)


def _old_store_trusted(stack: ExitStack) -> None:
    """A store that slept through a deletion is brought up to date as if it had seen it."""
    _set(stack, cache, "FRESH_MS", 10**15)


def _any_store_trusted(stack: ExitStack) -> None:
    """Whose changelog a store was made from is not looked at."""

    async def outdated(self: Cache, reflects: Any) -> str:
        return ""

    _set(stack, Cache, "_outdated", outdated)


def _damage_ignored(stack: ExitStack) -> None:
    """A store that turned out to be damaged is opened again and again."""
    _set(stack, Cache, "distrust", lambda self, reason: None)


def _damage_buries(stack: ExitStack) -> None:
    """A damaged store makes dead letters of good records."""

    class Never(Exception):
        pass

    _set(stack, serving, "StoreError", Never)


# ------------------------------------------------------------------ steps


def _timers_forgotten(stack: ExitStack) -> None:
    """Timers of stored listeners are not taken up again."""
    _set(stack, serving, "_stored_timers", lambda cache: iter(()))


def _clocks_are_equal(stack: ExitStack) -> None:
    """A timer fires as soon as our own clock says so."""
    _set(stack, serving, "SKEW_MS", -20_000)


def _snapshot_says_more(stack: ExitStack) -> None:
    """A snapshot says that it reflects one part of feedback more than it does."""
    published = learning.Learning._publish

    def publish(self: Any, offset: int) -> None:
        published(self, offset + 3)

    _set(stack, learning.Learning, "_publish", publish)


def _snapshot_says_less(stack: ExitStack) -> None:
    """A snapshot says that it reflects less than it does: parts are folded twice."""
    published = learning.Learning._publish

    def publish(self: Any, offset: int) -> None:
        published(self, max(offset - 4, NOTHING))

    _set(stack, learning.Learning, "_publish", publish)


def _foreign_shard(stack: ExitStack) -> None:
    """A learner goes on from the newest snapshot, whichever shard's it is."""
    head = snapshots.head_of

    def head_of(value: bytes) -> Any:
        return replace(head(value), shard=0)

    _set(stack, learning, "head_of", head_of)


def _rows_stay(stack: ExitStack) -> None:
    """An erasure takes nothing away."""
    _set(stack, Learner, "erase", lambda self, parts: 0)


def _news_forgotten(stack: ExitStack) -> None:
    """That a track's facts are still to be published is not kept."""
    stored = collecting.StoredFacts

    def forgetful(facts: Any, published_ms: int, news: bool) -> Any:
        return stored(facts, published_ms, False)

    _set(stack, collecting, "StoredFacts", forgetful)
    _set(stack, collecting, "_decoder", msgspec.msgpack.Decoder(stored))


# ------------------------------------------------------------------ views


def _one_shard(stack: ExitStack) -> None:
    """Versions are made of the first shard alone."""
    _set(
        stack,
        topic_views,
        "versions_of",
        lambda shards, numbers, settings: versions_of(shards[:1], numbers[:1], settings),
    )


def _stale_version(stack: ExitStack) -> None:
    """The first version decides for ever."""
    make = views_reader.ViewsReader._make_version

    async def make_version(self: Any) -> None:
        if self.views.version.name == "0":
            await make(self)

    _set(stack, views_reader.ViewsReader, "_make_version", make_version)


def _ready_at_once(stack: ExitStack) -> None:
    """A worker serves before its views are read."""
    follow = views_reader.ViewsReader._follow

    async def follow_(self: Any) -> None:
        self.ready.set()
        await follow(self)

    _set(stack, views_reader.ViewsReader, "_follow", follow_)


def _reads_undecided(stack: ExitStack) -> None:
    """Views and caches read what no transaction has committed."""
    from pipelines.faust_worker import reader

    consumer_of = reader.consumer_of

    def uncommitted(machine: Any, **options: Any) -> Any:
        consumer = consumer_of(machine, **options)
        consumer.reads_undecided()
        return consumer

    for room in (reader, views_reader):
        _set(stack, room, "consumer_of", uncommitted)


def _stops_at_open_transactions(stack: ExitStack) -> None:
    """Restoring reads to the last finished transaction, whoever else has one under way in that partition."""

    def to_finished(*place: Any, high_watermark: bool = False) -> Any:
        return read_to_end(*place)

    for room in (learning, cache):
        _set(stack, room, "read_to_end", to_finished)


def _cancellation_lost(stack: ExitStack) -> None:
    """A partition that was given up goes on: `asyncio.wait_for` may lose a cancellation (Python < 3.12)."""

    async def is_ours(self: Any, partition: int, offset: int) -> bool:
        try:
            await self._consumer.commit({self._place(partition): max(offset, 0)})
        except (asyncio.CancelledError, Exception):  # noqa: BLE001  that is the mistake
            return False
        return True

    _set(stack, intake.Intake, "is_ours", is_ours)


BUGS = (
    Planted("a partition that was given up goes on", _cancellation_lost, 42),
    Planted("state is written before the transaction commits", _cache_before_commit, 21),
    Planted("the cache says that it reflects more than it does", _reflects_too_much, 0),
    Planted("the cache is never written, but says it was", _keeps_nothing, 0),
    Planted("state is read back before the former owner is fenced", _restore_before_fence, 202),
    Planted("reading goes on one record too far", _skips_one, 0),
    Planted("a store that is there is taken for current", _no_catching_up, 0),
    Planted("progress is forgotten", _progress_forgotten, 0),
    Planted(
        "progress is one record too little", _with_progress(lambda offset: progress_value(offset - 1)), 0
    ),
    Planted("progress is one record too much", _with_progress(lambda offset: progress_value(offset + 1)), 0),
    Planted("the group's offset is the truth", _hint_is_truth, 0),
    Planted("one producer for all partitions", _one_producer, 917),
    Planted("nobody is ever fenced", _producer_of_nobody, 5),
    Planted("dead letters are sent beside the transaction", _letters_outside, 50),
    Planted("scores are sent beside the transaction", _scores_outside, 0),
    Planted("what is beyond one request is lost", _outputs_lost, 3),
    Planted("memory is kept after a failure", _memory_after_failure, 0),
    Planted("what was read ahead is kept when a partition opens anew", _inbox_kept, 0),
    Planted("records are taken in again", _read_again, 0),
    Planted("tombstones are ignored", _tombstones_ignored, 17),
    Planted("a store that slept through a deletion is trusted", _old_store_trusted, 251),
    Planted("another partition's store is trusted", _any_store_trusted, 4),
    Planted("a damaged store is opened for ever", _damage_ignored, 120),
    Planted("clocks are taken to be equal", _clocks_are_equal, 307),
    Planted("a snapshot says that it reflects more than it does", _snapshot_says_more, 0),
    Planted("a snapshot says that it reflects less than it does", _snapshot_says_less, 0),
    Planted("a learner goes on from another shard's snapshot", _foreign_shard, 0),
    Planted("news of a track are forgotten", _news_forgotten, 1),
    Planted("a shard is lost", _one_shard, 0),
    Planted("a view of versions is stale", _stale_version, 0),
    Planted("a worker serves before it knows its views", _ready_at_once, 25),
    Planted("what is not committed is read", _reads_undecided, 0),
)
"""Each is caught by the seed beside it, which `make test` replays."""

UNSEEN = (
    Planted("a damaged store buries good records", _damage_buries, 0),
    Planted("timers of stored listeners are forgotten", _timers_forgotten, 16),
    Planted("an erasure takes no rows away", _rows_stay, 0),
    Planted("restoring stops at open transactions", _stops_at_open_transactions, 0),
)
"""Mistakes that the simulator has not been seen to catch: what it would take is still to be found."""
