"""Reader: committed records of one partition from an offset up to its end as of now."""

from collections.abc import AsyncIterator
from typing import Any

from aiokafka import TopicPartition

from pipelines.faust_worker.machine import Machine

FETCH_BYTES = 9 << 20
CHUNK = 2_000  # records at once
WAIT_MS = 200
AGAIN_MS = 20  # a new client does not know its topics yet, and asks again after this
STUCK_S = 60.0  # a transaction that its owner left open is undone by then


def consumer_of(machine: Machine, **options: Any) -> Any:
    """Return a consumer outside any group, for assignment by hand, of committed records."""
    return machine.consumer(
        group_id=None,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=FETCH_BYTES,
        retry_backoff_ms=AGAIN_MS,
        **options,
    )


async def read_to_end(
    topic: str, partition: int, start: int, machine: Machine, *, high_watermark: bool = False
) -> AsyncIterator[list[Any]]:
    """Yield lists of records from ``start`` on, in order, up to the end as of this call.

    The end is that of finished transactions; with ``high_watermark`` those under way are waited for.
    """
    place = TopicPartition(topic, partition)
    consumer = consumer_of(machine)
    await consumer.start()
    try:
        consumer.assign([place])
        end = await _end(place, machine) if high_watermark else (await consumer.end_offsets([place]))[place]
        begin = (await consumer.beginning_offsets([place]))[place]
        consumer.seek(place, max(start, begin))
        newest, moved = -1, machine.elapsed_s()
        while (position := await consumer.position(place)) < end:
            if position > newest:
                newest, moved = position, machine.elapsed_s()
            elif machine.elapsed_s() > moved + STUCK_S:
                raise TimeoutError(f"{topic}[{partition}] stands at {position} of {end} for {STUCK_S:.0f} s")
            records = (await consumer.getmany(place, timeout_ms=WAIT_MS, max_records=CHUNK)).get(place)
            if records:
                yield records
    finally:
        await consumer.stop()


async def end_of(topic: str, partition: int, machine: Machine) -> int:
    """Return the offset that the next record of a partition will have at least."""
    return await _end(TopicPartition(topic, partition), machine)


async def _end(place: TopicPartition, machine: Machine) -> int:
    consumer = machine.consumer(group_id=None, retry_backoff_ms=AGAIN_MS)
    await consumer.start()
    try:
        return int((await consumer.end_offsets([place]))[place])
    finally:
        await consumer.stop()
