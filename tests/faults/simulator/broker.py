"""Broker: a Kafka cluster in memory: logs, transactions, producers' epochs, groups, compaction."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import InvalidProducerEpoch, InvalidTxnState, ProducerFenced

from topics.registry import Topic

LOG_APPEND_TIME = 1
DELETE_RETENTION_MS = 86_400_000  # how long a compacted topic shows what was deleted


@dataclass(eq=False, slots=True)
class Transaction:
    """What one producer sent between begin and end."""

    name: str
    state: str = "open"  # then "committed" or "aborted": decided, while markers are still on their way
    places: dict[TopicPartition, None] = field(default_factory=dict)
    began_s: float = 0.0
    marked: bool = False  # every marker is written


@dataclass(eq=False, slots=True)
class Entry:
    """One record of a log, as a consumer sees it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    transaction: Transaction | None = None
    control: bool = False
    timestamp_type: int = LOG_APPEND_TIME


class Sent(NamedTuple):
    """One record on its way to the broker."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


class Log:
    """One partition."""

    def __init__(self, topic: str, partition: int, compact: bool) -> None:
        self.topic, self.partition, self.compact = topic, partition, compact
        self.entries: list[Entry] = []
        self.end = 0  # offset of the next record
        self._open: dict[Transaction, int] = {}  # not yet marked here → its first offset

    def append(
        self, sent: Sent, at_ms: int, transaction: Transaction | None, *, control: bool = False
    ) -> int:
        offset = self.end
        self.entries.append(Entry(self.topic, self.partition, offset, at_ms, *sent, transaction, control))
        self.end += 1
        if transaction is not None and not control:
            self._open.setdefault(transaction, offset)
        return offset

    def mark(self, transaction: Transaction, at_ms: int) -> None:
        """Write the marker that ends a transaction: it takes an offset."""
        self.append(Sent(None, None, ()), at_ms, transaction, control=True)
        self._open.pop(transaction, None)

    @property
    def stable(self) -> int:
        """Where readers of committed records must stop."""
        return min(self._open.values(), default=self.end)

    def read(self, start: int, limit: int, end: int, *, undecided: bool = False) -> tuple[list[Entry], int]:
        """Return committed records from an offset on, at most so many, and where to go on."""
        found: list[Entry] = []
        where = bisect.bisect_left(self.entries, start, key=lambda entry: entry.offset)
        for entry in self.entries[where:]:
            if entry.offset >= end:
                break
            if entry.control or not (undecided or _is_there(entry)):
                continue
            found.append(entry)
            if len(found) == limit:
                return found, entry.offset + 1
        return found, max(start, end)

    def tidy(self, now_ms: int, keep: int) -> int:
        """Compact all but the newest ``keep`` records; return how many went."""
        until = min(self.stable, self.end - keep)
        newest: dict[bytes | None, int] = {}
        for entry in self.entries:
            if entry.offset < until and not entry.control and _is_there(entry):
                newest[entry.key] = entry.offset
        before = len(self.entries)
        self.entries = [
            entry
            for entry in self.entries
            if entry.offset >= until
            or (
                not entry.control
                and newest.get(entry.key) == entry.offset
                and (entry.value is not None or entry.timestamp > now_ms - DELETE_RETENTION_MS)
            )
        ]
        return before - len(self.entries)


def _is_there(entry: Entry) -> bool:
    return entry.transaction is None or entry.transaction.state == "committed"


@dataclass(slots=True)
class Registered:
    """What the cluster knows of a transactional id."""

    epoch: int = -1
    transaction: Transaction | None = None


class Broker:
    """All partitions of a deployment, and who may write them. Methods act at once: delays are the network's.

    ``later`` runs something after so many seconds, ``now_ms`` is the brokers' clock.
    """

    def __init__(
        self,
        topics: dict[str, Topic],
        now_ms: Callable[[], int],
        later: Callable[[float, Callable[[], None]], Any],
        marker_delay_s: Callable[[], float],
        watch: Callable[[list[Entry]], None],
    ) -> None:
        self.logs = {
            TopicPartition(topic.name, number): Log(topic.name, number, topic.compact)
            for topic in topics.values()
            for number in range(topic.partitions)
        }
        self.producers: dict[str, Registered] = {}
        self._now_ms, self._later, self._marker_delay_s = now_ms, later, marker_delay_s
        self._watch = watch
        self._waiting: list[tuple[Callable[[], bool], Callable[[], None]]] = []

    # -------------------------------------------------------------- producers

    def register(self, name: str) -> int | None:
        """Give a transactional id its next epoch; None while a former transaction is being ended."""
        known = self.producers.setdefault(name, Registered())
        former = known.transaction
        if former is not None and not former.marked:
            if former.state == "open":
                known.epoch += 1  # whoever began it is shut out at once, whoever asks comes again
                self._decide(former, "aborted")
            return None
        known.epoch += 1
        known.transaction = None
        return known.epoch

    def begin(self, name: str, epoch: int, now_s: float, timeout_s: float) -> bool:
        """Begin a transaction; False while the former is still being ended."""
        known = self._fenced(name, epoch)
        if known.transaction is not None and not known.transaction.marked:
            return False
        transaction = known.transaction = Transaction(name, began_s=now_s)
        self._later(timeout_s, lambda: self._time_out(transaction))
        return True

    def produce(self, name: str, epoch: int, place: TopicPartition, sent: list[Sent]) -> int:
        """Append records within the transaction; return the offset of the first."""
        known = self._fenced(name, epoch)
        transaction = known.transaction
        if transaction is None or transaction.state != "open":
            raise InvalidProducerEpoch(f"{name} has no transaction under way")
        transaction.places[place] = None
        log, at_ms = self.logs[place], self._now_ms()
        offsets = [log.append(one, at_ms, transaction) for one in sent]
        return offsets[0]

    def end(self, name: str, epoch: int, *, commit: bool) -> None:
        """End the transaction; its records show once their partition's marker is written."""
        known = self._fenced(name, epoch)
        wanted, transaction = "committed" if commit else "aborted", known.transaction
        if transaction is None or transaction.state not in {"open", wanted}:
            raise InvalidTxnState(f"{name} has no transaction that could be {wanted}")
        if transaction.state == "open":
            self._decide(transaction, wanted)

    def append(self, place: TopicPartition, sent: Sent) -> int:
        """Append a record of somebody who has no transactions."""
        offset = self.logs[place].append(sent, self._now_ms(), None)
        self.news()
        return offset

    def committed(self, topic: str) -> Iterator[Entry]:
        """Yield all records that committed readers see in the end, partition by partition."""
        for place, log in self.logs.items():
            if place.topic == topic:
                yield from log.read(0, len(log.entries) + 1, log.end)[0]

    def _fenced(self, name: str, epoch: int) -> Registered:
        known = self.producers[name]
        if epoch != known.epoch:
            raise ProducerFenced(f"{name} has epoch {known.epoch}, this producer {epoch}")
        return known

    def _time_out(self, transaction: Transaction) -> None:
        known = self.producers[transaction.name]
        if known.transaction is transaction and transaction.state == "open":
            known.epoch += 1  # whoever began it may not go on
            self._decide(transaction, "aborted")

    def _decide(self, transaction: Transaction, state: str) -> None:
        transaction.state = state
        if state == "committed":
            self._watch(
                [entry for place in transaction.places for entry in self._of(self.logs[place], transaction)]
            )
        left = list(transaction.places)
        if not left:
            transaction.marked = True
        for place in transaction.places:
            self._later(self._marker_delay_s(), lambda place=place: self._mark(transaction, place, left))  # type: ignore[misc]

    @staticmethod
    def _of(log: Log, transaction: Transaction) -> Iterator[Entry]:
        return (entry for entry in log.entries if entry.transaction is transaction)

    def _mark(self, transaction: Transaction, place: TopicPartition, left: list[TopicPartition]) -> None:
        self.logs[place].mark(transaction, self._now_ms())
        left.remove(place)
        transaction.marked = not left
        self.news()

    # -------------------------------------------------------------- consumers

    def wait(self, ready: Callable[[], bool], wake: Callable[[], None]) -> Callable[[], None]:
        """Call ``wake`` once something new makes ``ready`` true; returns what takes that back."""
        pair = (ready, wake)
        self._waiting.append(pair)

        def forget() -> None:
            if pair in self._waiting:
                self._waiting.remove(pair)

        return forget

    def news(self) -> None:
        """Look who waits for what has come."""
        for pair in list(self._waiting):
            if pair in self._waiting and pair[0]():
                self._waiting.remove(pair)
                pair[1]()

    def tidy(self, keep: int) -> int:
        """Compact what is compacted; return how many records went."""
        now_ms = self._now_ms()
        return sum(log.tidy(now_ms, keep) for log in self.logs.values() if log.compact)
