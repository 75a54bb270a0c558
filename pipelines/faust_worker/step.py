"""Step: what a partition hosts: serve, learn or collect, with the state of one input partition."""

from collections.abc import Awaitable
from typing import Any, Protocol

from state.checkpoint import Batch


class Step(Protocol):
    """Takes records one after the other in memory, and says what is to survive of it.

    What raises out of `take` or `idle` halts the partition; records that cannot be used are buried
    inside.
    """

    def take(self, record: Any) -> Awaitable[None] | None:
        """Take in one record of the input (aiokafka's ConsumerRecord); what is returned is awaited first."""

    def idle(self, now_ms: int) -> None:
        """Do what is due although no record came; the partition was read to its end at ``now_ms``."""

    def batch(self, offset: int) -> Batch | None:
        """Return what is to survive of all that was taken up to ``offset``; None if nothing is."""

    def committed(self, now_ms: int) -> None:
        """Take note that the last batch has survived: everybody can read it from ``now_ms`` on."""


class Ledger(Protocol):
    """Where a step's state is when nobody hosts it."""

    changelog: str  # the topic whose offset a commit tells

    async def load(self) -> int:
        """Open what is kept here; return the changelog's offset that it reflects, −1 for nothing."""

    async def catch_up(self, after: int) -> int:
        """Apply what was committed since; return the last offset of the input that is in it."""

    def keep(self, batch: Batch, reflects: int) -> None:
        """Keep what is committed now."""

    def distrust(self, reason: str) -> None:
        """Take nothing of what is here for true any more: it turned out to be damaged."""

    def close(self) -> None:
        """Let go."""
