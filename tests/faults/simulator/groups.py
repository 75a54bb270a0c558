"""Groups: a group coordinator: members, generations, eager rebalances, committed offsets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import IllegalGenerationError, RebalanceInProgressError, UnknownMemberIdError


class Joined(NamedTuple):
    """What a member is told at the end of a rebalance."""

    member: str
    generation: int
    places: tuple[TopicPartition, ...]


@dataclass(slots=True)
class Member:
    """One consumer, as its group knows it."""

    session_s: float
    rebalance_s: float
    instance: str | None
    heard_s: float
    waits: asyncio.Future[Joined] | None = None  # it has joined, and is told when all have
    places: tuple[TopicPartition, ...] = ()


@dataclass
class Group:
    """One consumer group over the partitions of one topic."""

    places: tuple[TopicPartition, ...]
    now_s: Callable[[], float]
    later: Callable[[float, Callable[[], None]], Any]
    generation: int = 0
    rebalancing: bool = False
    members: dict[str, Member] = field(default_factory=dict)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)
    _names: int = 0

    def join(
        self, name: str, instance: str | None, session_s: float, rebalance_s: float
    ) -> asyncio.Future[Joined]:
        """Join, or join again; what comes back is set once every member has."""
        waits: asyncio.Future[Joined] = asyncio.get_running_loop().create_future()
        if instance is not None:
            former = next((n for n, m in self.members.items() if m.instance == instance and n != name), None)
            if former is not None:  # the same instance under a new name keeps its place, without a rebalance
                member = self.members.pop(former)
                name = self._new_name(instance)
                self.members[name] = member
                member.heard_s = self.now_s()
                if not self.rebalancing:
                    waits.set_result(Joined(name, self.generation, member.places))
                    self._watch(name)
                    return waits
                if member.waits is not None:
                    member.waits.cancel()
                member.waits = waits
                self._look()
                return waits
        if name not in self.members:
            name = self._new_name(instance)
            self.members[name] = Member(session_s, rebalance_s, instance, self.now_s())
        self.members[name].waits = waits
        self.members[name].heard_s = self.now_s()
        self._prepare()
        self._look()
        return waits

    def heartbeat(self, name: str, generation: int) -> None:
        """Tell that a member lives; raises what tells it to join again."""
        self._known(name, generation)
        self.members[name].heard_s = self.now_s()
        if self.rebalancing:
            raise RebalanceInProgressError

    def commit(self, name: str, generation: int, offsets: dict[TopicPartition, int]) -> None:
        """Note how far partitions were read; raises for whoever is no member of this generation."""
        self._known(name, generation)
        if self.rebalancing and self.members[name].waits is not None:
            raise RebalanceInProgressError
        self.offsets.update(offsets)

    def leave(self, name: str) -> None:
        """Go for good."""
        member = self.members.pop(name, None)
        if member is not None:
            if member.waits is not None:
                member.waits.cancel()
            self._prepare()
            self._look()

    def _known(self, name: str, generation: int) -> None:
        if name not in self.members:
            raise UnknownMemberIdError
        if generation != self.generation:
            raise IllegalGenerationError

    def _new_name(self, instance: str | None) -> str:
        self._names += 1
        return f"{instance or 'member'}-{self._names:03}"

    def _prepare(self) -> None:
        if self.rebalancing or not self.members:
            return
        self.rebalancing = True
        generation = self.generation
        patience_s = max(member.rebalance_s for member in self.members.values())
        self.later(patience_s, lambda: self._complete() if self.generation == generation else None)

    def _look(self) -> None:
        if (
            self.rebalancing
            and self.members
            and all(member.waits is not None for member in self.members.values())
        ):
            self._complete()

    def _complete(self) -> None:
        """End a rebalance: who has not joined again is out."""
        self.rebalancing = False
        self.generation += 1
        self.members = {name: member for name, member in self.members.items() if member.waits is not None}
        names = sorted(self.members)
        for k, name in enumerate(names):
            member = self.members[name]
            member.places = tuple(self.places[k :: len(names)])
            waits, member.waits = member.waits, None
            member.heard_s = self.now_s()
            if waits is not None and not waits.done():
                waits.set_result(Joined(name, self.generation, member.places))
            self._watch(name)

    def _watch(self, name: str) -> None:
        """Take a member for dead that is not heard of for its session."""
        member = self.members.get(name)
        if member is None:
            return
        generation = self.generation

        def look() -> None:
            if self.members.get(name) is not member or self.generation != generation:
                return
            left_s = member.heard_s + member.session_s - self.now_s()
            if member.waits is not None or left_s > 0:
                self.later(max(left_s, member.session_s / 4), look)
            else:
                self.leave(name)

        self.later(member.session_s, look)
