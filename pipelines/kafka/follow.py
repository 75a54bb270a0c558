"""Follow: several partitions of one topic from given offsets on, for a reader that comes and goes."""

from collections.abc import Iterator, Mapping

from kafka import KafkaConsumer, TopicPartition

from pipelines.kafka.clients import blocking
from pipelines.kafka.read import Record, record_of
from pipelines.live_settings import Kafka

FETCH_BYTES = 9 << 20


class Followed:
    """A consumer outside any group that is told at each call where to go on.

    Whoever asks for what comes next is given it without a new fetch; any other place is sought first.
    """

    def __init__(self, topic: str, settings: Kafka) -> None:
        self._topic, self._settings = topic, settings
        self._consumer: KafkaConsumer | None = None
        self._next: dict[int, int] = {}

    def starts(self, partitions: list[int], from_ms: int | None) -> dict[int, int]:
        """Return the first offsets there are, or the first received at a time or later."""
        consumer = self._of(partitions)
        places = {partition: TopicPartition(self._topic, partition) for partition in partitions}
        begins, ends = (
            consumer.beginning_offsets(list(places.values())),
            consumer.end_offsets(list(places.values())),
        )
        if from_ms is None:
            return {partition: begins[place] for partition, place in places.items()}
        found = consumer.offsets_for_times(dict.fromkeys(places.values(), from_ms))
        return {
            partition: ends[place] if found.get(place) is None else found[place].offset
            for partition, place in places.items()
        }

    def poll(self, places: Mapping[int, int], wait_ms: int, records_max: int) -> Iterator[Record]:
        """Yield what lies behind these offsets by partition, each partition in order; wait for the first."""
        consumer = self._of(list(places))
        for partition, offset in places.items():
            if self._next.get(partition) != offset:
                consumer.seek(TopicPartition(self._topic, partition), offset)
                self._next[partition] = offset
        for records in consumer.poll(timeout_ms=wait_ms, max_records=records_max).values():
            for record in records:
                self._next[record.partition] = record.offset + 1
                yield record_of(record)

    def at_end(self, partition: int) -> bool:
        """Tell whether all that there was of a partition, as of the last fetch, has been given."""
        if self._consumer is None:
            return False
        place = TopicPartition(self._topic, partition)
        end = self._consumer.highwater(place)
        return end is not None and self._consumer.position(place) >= end

    def close(self) -> None:
        """Let go of the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _of(self, partitions: list[int]) -> KafkaConsumer:
        if self._consumer is None:
            self._consumer = KafkaConsumer(
                **blocking(self._settings),
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                allow_auto_create_topics=False,
                max_partition_fetch_bytes=FETCH_BYTES,
                fetch_max_wait_ms=500,
            )
        wanted = {TopicPartition(self._topic, partition) for partition in partitions}
        if self._consumer.assignment() != wanted:
            self._consumer.assign(sorted(wanted))
            self._next.clear()
        return self._consumer
