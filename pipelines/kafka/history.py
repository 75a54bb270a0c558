"""History: ``listener-events`` written into a file of JSON lines that replay reads."""

import heapq
from collections.abc import Mapping
from pathlib import Path

from pipelines.kafka.errors import explained
from pipelines.kafka.letters import schema_of
from pipelines.kafka.read import Record, read
from pipelines.kafka.topics import topics_of
from pipelines.live_settings import Kafka
from topics.codec import decode, encode_line
from topics.dead_letter import Rejected


def fetch(
    path: Path,
    settings: Kafka,
    *,
    start: Mapping[int, int] | None = None,
    from_ms: int | None = None,
    until_ms: int | None = None,
) -> int:
    """Write the records from a time or from offsets on, up to now; return how many.

    Partitions are joined by the time at which Kafka received their records, each in its own order.
    """
    topic = topics_of(settings)["listener-events"].name
    with explained(settings):
        partitions: dict[int, list[Record]] = {}
        for record in read(topic, settings, start=start, from_ms=from_ms):
            if until_ms is None or record.at_ms <= until_ms:
                partitions.setdefault(record.partition, []).append(record)
    ordered = heapq.merge(*[_in_order(records) for _, records in sorted(partitions.items())])
    with path.open("wb") as file:
        count = 0
        for _, _, _, record in ordered:
            file.write(line_of(record))
            count += 1
    return count


def line_of(record: Record) -> bytes:
    """Return a record as a line of a file; one that cannot be read stays so, on one line."""
    value = record.value or b""
    try:
        line = encode_line(decode(value, schema_of(record.headers)))
    except Rejected:
        return value.replace(b"\n", b" ") + b"\n"
    return line[:-2] + b',"received_ms":%d}\n' % record.at_ms if record.appended else line


def _in_order(records: list[Record]) -> list[tuple[int, int, int, Record]]:
    """Return a partition's records with what they are merged by; a clock that went back stood still."""
    newest, keyed = 0, []
    for record in records:
        newest = max(newest, record.at_ms)
        keyed.append((newest, record.partition, record.offset, record))
    return keyed
