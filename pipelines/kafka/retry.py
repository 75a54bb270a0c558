"""Retry: dead letters sent back to where they came from."""

from collections.abc import Collection
from itertools import chain

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from pipelines.kafka.clients import blocking
from pipelines.kafka.errors import explained
from pipelines.kafka.letters import NULL, letter_of
from pipelines.kafka.topics import topics_of
from pipelines.live_settings import Kafka
from topics.dead_letter import Rejected
from topics.registry import SCHEMA_HEADER


def retry(settings: Kafka, application: str, reasons: Collection[str]) -> tuple[int, int]:
    """Send the untouched bytes of letters with these reasons to their source; return (sent, passed over).

    Each run goes on where the one before ended. One that dies may send some twice; serve knows
    duplicates by their event ids.
    """
    topic = topics_of(settings)["dead-letters"].name
    counts = {True: 0, False: 0}
    with explained(settings):
        consumer = KafkaConsumer(
            **blocking(settings),
            group_id=f"{settings.prefix}{application}-retry",
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=9 << 20,
        )
        producer = KafkaProducer(**blocking(settings), acks="all", max_request_size=9 << 20)
        try:
            partitions = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
            consumer.assign(partitions)
            ends = consumer.end_offsets(partitions)
            while any(consumer.position(partition) < end for partition, end in ends.items()):
                sending = []
                for record in chain(*consumer.poll(timeout_ms=200).values()):
                    try:
                        letter, schema = letter_of(record.key, record.value, record.headers)
                    except Rejected:  # whoever wrote it, it says not where it came from
                        counts[False] += 1
                        continue
                    counts[letter.reason in reasons] += 1
                    if letter.reason in reasons:
                        is_null = any(name == NULL for name, _ in record.headers)
                        value = None if is_null and letter.key else letter.value  # kafka-python wants one
                        headers = [(SCHEMA_HEADER, schema.encode())]
                        sending.append(producer.send(letter.source, value, letter.key, headers))
                for future in sending:
                    future.get(timeout=60)
                consumer.commit()
        finally:
            producer.close()
            consumer.close()
    return counts[True], counts[False]
