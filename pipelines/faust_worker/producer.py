"""Producer: one fenced transactional producer for each input partition."""

import asyncio
from contextlib import suppress
from typing import Any

from aiokafka.errors import KafkaError

from pipelines.faust_worker.machine import Machine
from pipelines.kafka.outputs import Output

BATCH_BYTES = 1 << 20
REQUEST_BYTES = 9 << 20  # a dead letter of 8 MiB with its headers
CLOSE_S = 5.0
FENCE_S = 60.0  # an unfinished transaction of a former owner is undone first: 15 s were seen
TRANSACTION_MS = 30_000


class Producer:
    """Sends outputs in transactions; `fence` first, which shuts out whoever has the same id."""

    def __init__(self, transactional_id: str, machine: Machine) -> None:
        self._kafka = machine.producer(
            transactional_id=transactional_id,
            transaction_timeout_ms=TRANSACTION_MS,
            max_batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            request_timeout_ms=15_000,
            linger_ms=0,
        )
        self._sent: dict[tuple[str, int], list[tuple[int, asyncio.Future[Any]]]] = {}

    async def fence(self) -> None:
        """Connect; former owners of the id can write no more, and what they had begun is undone."""
        async with asyncio.timeout(FENCE_S):
            await self._kafka.start()  # returns once the broker has given out our epoch

    async def begin(self) -> None:
        """Begin a transaction."""
        await self._kafka.begin_transaction()
        self._sent = {}

    async def publish(self, outputs: list[Output]) -> None:
        """Hand over outputs; each partition's stay in order."""
        by_place: dict[tuple[str, int], list[Output]] = {}
        for output in outputs:
            by_place.setdefault((output[0], output[1]), []).append(output)
        for place, records in by_place.items():
            batch, count = self._kafka.create_batch(), 0
            for _, _, key, value, headers in records:
                if batch.append(timestamp=None, key=key, value=value, headers=headers) is None:
                    await self._send(batch, place, count)
                    batch, count = self._kafka.create_batch(), 0
                    batch.append(timestamp=None, key=key, value=value, headers=headers)
                count += 1
            await self._send(batch, place, count)

    async def commit(self, place: tuple[str, int]) -> int:
        """Commit once every record is there; return the last offset sent to a place, −1 for none.

        aiokafka commits a transaction although one of its batches failed, so all are awaited before.
        """
        last = -1
        try:
            for at, sent in self._sent.items():
                for count, future in sent:
                    metadata = await future
                    if at == place:
                        last = metadata.offset + count - 1
        except BaseException:
            for sent in self._sent.values():
                for _, future in sent:
                    future.cancel()  # each has its exception taken, or nobody asks for it
            raise
        await self._kafka.commit_transaction()
        return last

    async def close(self) -> None:
        """Let go; a transaction under way is undone by whoever fences this id next."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._kafka.stop()
        except (TimeoutError, KafkaError, AttributeError, AssertionError):
            # `stop` waits for a broker that may be away, and trips over a producer that never started.
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_S):
                    await self._kafka.client.close()

    async def _send(self, batch: Any, place: tuple[str, int], count: int) -> None:
        topic, partition = place
        future = await self._kafka.send_batch(batch, topic, partition=partition)
        self._sent.setdefault(place, []).append((count, future))
