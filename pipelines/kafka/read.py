"""Read: the records of a topic, as far as it goes or as it grows, each committed one once."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from kafka import KafkaConsumer, TopicPartition

from pipelines.kafka.clients import blocking
from pipelines.live_settings import Kafka

LOG_APPEND_TIME = 1


class Record(NamedTuple):
    """One record as Kafka has it."""

    topic: str
    partition: int
    offset: int
    at_ms: int  # its timestamp: when the log received it, or what its producer said
    appended: bool  # the former
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def read(
    topic: str,
    settings: Kafka,
    *,
    start: Mapping[int, int] | None = None,
    from_ms: int | None = None,
    follow: bool = False,
    from_end: bool = False,
    partitions: Collection[int] | None = None,
) -> Iterator[Record]:
    """Yield the committed records of all partitions, or of some, each partition's in order.

    From its first record, from the offsets in ``start`` or from a time on; up to the ends as of this
    call, or on and on (``follow``).
    """
    consumer = KafkaConsumer(
        **blocking(settings),
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        max_partition_fetch_bytes=9 << 20,
    )
    try:
        wanted = consumer.partitions_for_topic(topic) or () if partitions is None else partitions
        places = [TopicPartition(topic, p) for p in sorted(wanted)]
        consumer.assign(places)
        ends: dict[Any, int] = consumer.end_offsets(places)
        _seek(consumer, places, ends, start or {}, from_ms, from_end=from_end)
        waiting = set(places)
        while waiting or follow:
            for batch in consumer.poll(timeout_ms=500 if follow else 100).values():
                for record in batch:
                    yield record_of(record)
            waiting = {p for p in waiting if consumer.position(p) < ends[p]}
    finally:
        consumer.close()


def _seek(
    consumer: KafkaConsumer,
    partitions: list[TopicPartition],
    ends: dict[Any, int],
    start: Mapping[int, int],
    from_ms: int | None,
    *,
    from_end: bool,
) -> None:
    begins = consumer.beginning_offsets(partitions)
    times = {} if from_ms is None else consumer.offsets_for_times(dict.fromkeys(partitions, from_ms))
    for partition in partitions:
        place = start.get(partition.partition, begins[partition])
        if from_ms is not None:
            found = times.get(partition)
            place = ends[partition] if found is None or found.offset < 0 else found.offset
        consumer.seek(partition, ends[partition] if from_end else place)


def record_of(record: Any) -> Record:
    """Return what a client of Kafka gave, as a `Record`."""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.timestamp_type == LOG_APPEND_TIME,
        record.key,
        record.value,
        list(record.headers),
    )
