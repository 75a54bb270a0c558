"""Owners: which partition has a listener, and which worker has that, as the group itself says."""

import time

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.partitioner import murmur2

from pipelines.kafka.clients import streaming
from pipelines.live_settings import Kafka
from pipelines.settings import Settings

KNOWN_S = 2.0
MEMBERS, ASSIGNMENT, CLIENT_ID = 5, 4, 1  # places in what aiokafka returns of a group and of a member


def group_of(step: str, settings: Settings) -> str:
    """Return the name of a step's consumer group."""
    return f"{settings.kafka.prefix}{settings.worker.application}-{step}"


def partition_of(name: str, partitions: int) -> int:
    """Return the partition of a key, as Java's clients have it.

    >>> partition_of("21", 8)
    4
    """
    return int((murmur2(name.encode()) & 0x7FFFFFFF) % partitions)


class Owners:
    """Asks the group's coordinator, and remembers the answer for a moment.

    A worker's consumers are named after its web address, so a member's client id says where to ask on.
    """

    def __init__(self, group: str, topic: str, settings: Kafka) -> None:
        self._group, self._topic, self._settings = group, topic, settings
        self._known: dict[int, str] = {}
        self._asked_at = 0.0

    def doubt(self) -> None:
        """Ask anew next time: who was named did not answer."""
        self._asked_at = 0.0

    async def of(self, partition: int) -> str | None:
        """Return the web address of the worker that has this partition, None while nobody has."""
        if time.monotonic() - self._asked_at > KNOWN_S:
            self._known = await self._ask()
            self._asked_at = time.monotonic()
        return self._known.get(partition)

    async def _ask(self) -> dict[int, str]:
        admin = AIOKafkaAdminClient(**streaming(self._settings))
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([self._group])
        finally:
            await admin.close()
        found: dict[int, str] = {}
        for group in answer.groups:
            for member in group[MEMBERS]:
                if not member[ASSIGNMENT]:
                    continue
                assigned = ConsumerProtocolMemberAssignment.decode(member[ASSIGNMENT])
                for topic, partitions in assigned.assignment:
                    if topic == self._topic:
                        found |= dict.fromkeys(partitions, member[CLIENT_ID])
        return found
