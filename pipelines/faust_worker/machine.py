"""Machine: all that a worker asks of the world outside: Kafka's clients, clocks, a disk, a spare thread.

It is one object, so that a whole worker can be put into another world: the simulator of the tests has
one in which time, brokers and disks are its own.
"""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from pipelines.kafka.clients import streaming
from pipelines.live_settings import Kafka
from state.rocks import Limits, open_store
from state.store import Store

T = TypeVar("T")


class Machine(Protocol):
    """What a worker runs on."""

    def consumer(self, **options: Any) -> Any:
        """Return a consumer as `AIOKafkaConsumer` is one, not started."""

    def producer(self, **options: Any) -> Any:
        """Return a producer as `AIOKafkaProducer` is one, not started."""

    def now_ms(self) -> int:
        """Return the time of day, UTC milliseconds; it may jump, and differ from the brokers'."""

    def elapsed_s(self) -> float:
        """Return seconds since some moment; they never go back."""

    def open_store(self, folder: Path, limits: Limits) -> Store:
        """Open the store in this directory; raises `StoreError` where it cannot be used."""

    def remove_store(self, folder: Path) -> None:
        """Remove the store in this directory, if there is one."""

    async def aside(self, work: Callable[[], T]) -> T:
        """Do work that takes milliseconds where it holds up nobody."""


class LocalMachine:
    """This computer, and the cluster of the settings."""

    def __init__(self, settings: Kafka) -> None:
        self._settings = settings

    def consumer(self, **options: Any) -> Any:
        """Return a consumer on the cluster."""
        return AIOKafkaConsumer(**streaming(self._settings), **options)

    def producer(self, **options: Any) -> Any:
        """Return a producer on the cluster."""
        return AIOKafkaProducer(**streaming(self._settings), **options)

    def now_ms(self) -> int:
        """Return the system's time of day."""
        return int(time.time() * 1_000)

    def elapsed_s(self) -> float:
        """Return what the system's monotonic clock says."""
        return time.monotonic()

    def open_store(self, folder: Path, limits: Limits) -> Store:
        """Open a RocksDB."""
        return open_store(folder, limits)

    def remove_store(self, folder: Path) -> None:
        """Remove a RocksDB."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)

    async def aside(self, work: Callable[[], T]) -> T:
        """Do it in a thread."""
        return await asyncio.to_thread(work)
