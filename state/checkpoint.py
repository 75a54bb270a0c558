"""Checkpoint: in which order a partition is opened, and in which a batch's effects survive; without I/O.

A walk yields one effect after the other; who performs it sends back what it brought. So the order
stands here and nowhere else: every live driver walks through it, and a test may stop between any two
effects.
"""

from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any

from msgspec import Struct

NOTHING = -1  # no offset yet


class Fence(Struct, frozen=True):
    """Let no former owner of this partition write any more."""


class Load(Struct, frozen=True):
    """Open the local cache; brings the last offset of the changelog that it reflects."""


class CatchUp(Struct, frozen=True):
    """Apply what the log has committed after that offset; brings the last offset of the input taken in."""

    after: int


class Start(Struct, frozen=True):
    """Take in the input from this offset on."""

    offset: int


class Begin(Struct, frozen=True):
    """Begin a transaction."""


class Publish(Struct, frozen=True):
    """Send outputs, changed keys and progress within the transaction."""

    batch: "Batch"


class Commit(Struct, frozen=True):
    """Make all of it visible, or none; brings the changelog's offset of what was sent."""


class Keep(Struct, frozen=True):
    """Write the changes into the local cache, with the changelog's offset that it now reflects."""

    batch: "Batch"
    reflects: int


class Acknowledge(Struct, frozen=True):
    """Tell the source how far it was read: a hint where to start, never the truth."""

    offset: int


Effect = Fence | Load | CatchUp | Start | Begin | Publish | Commit | Keep | Acknowledge
Walk = Generator[Effect, Any, int]

OPENING = (Fence, Load, CatchUp, Start)
SURVIVING = (Begin, Publish, Commit, Keep, Acknowledge)
"""The effects of a walk, in order; what stops between two of them must be mended by `OPENING`."""


class Batch(Struct, frozen=True):
    """What a step has decided about some of its input, up to and with ``offset``."""

    offset: int
    outputs: list[Any]  # as the driver's producer knows them
    changes: Mapping[bytes, bytes | None]  # of the step's state; None deletes
    erased: tuple[bytes, ...] = ()  # deleted keys of which nothing may stay on a disk


def opening() -> Walk:
    """Bring one partition from wherever its former owner stopped to here; return the last offset taken in.

    >>> walk = opening()
    >>> [next(walk), walk.send(None), walk.send(41), walk.send(7)]
    [Fence(), Load(), CatchUp(after=41), Start(offset=8)]
    """
    yield Fence()  # first: what is read after it can grow no more
    reflects = yield Load()
    progress: int = yield CatchUp(reflects)
    yield Start(progress + 1)
    return progress


def surviving(batch: Batch) -> Walk:
    """Make a batch's effects last, each once; return the last offset taken in.

    >>> walk = surviving(Batch(9, [], {}))
    >>> [type(next(walk)).__name__, type(walk.send(None)).__name__, type(walk.send(None)).__name__]
    ['Begin', 'Publish', 'Commit']
    >>> walk.send(52).reflects, walk.send(None)
    (52, Acknowledge(offset=9))
    """
    yield Begin()
    yield Publish(batch)
    reflects = yield Commit()
    yield Keep(batch, reflects)  # only now: the cache must not know what readers may never see
    yield Acknowledge(batch.offset)
    return batch.offset


async def perform(walk: Walk, effects: Callable[[Effect], Awaitable[Any]]) -> int:
    """Perform every effect of a walk; what one raises ends the walk there."""
    brought: Any = None
    while True:
        try:
            effect = walk.send(brought)
        except StopIteration as end:
            return int(end.value)
        brought = await effects(effect)
