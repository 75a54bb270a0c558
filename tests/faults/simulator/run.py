"""Run: one script played and judged."""

from __future__ import annotations

import gc
import hashlib
import logging
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from pipelines.kafka.read import Record
from tests.faults.effects import Published, check
from tests.faults.simulator.script import Script
from tests.faults.simulator.watch import Wrong
from tests.faults.simulator.world import World


class Outcome(Struct):
    """What came of a run."""

    wrong: str = ""  # the promise that does not hold, "" if all do
    detail: str = ""
    struck: Counter[str] = Counter()
    looked: Counter[str] = Counter()
    steps: int = 0
    virtual_s: float = 0.0
    digest: str = ""  # of all that was published: equal for equal runs


def play(script: Script) -> Outcome:
    """Play a script and look whether all promises hold."""
    logging.disable(logging.CRITICAL)
    world = World(script)
    outcome = Outcome()
    gc.disable()  # what the dead leave is closed by `World.close`, not whenever the collector comes by
    try:
        world.run()
        published = Published(world.settings, lambda name: _records(world, name))
        problems = check(published)
        outcome.looked = problems.checked + world.watch.looked
        if problems.found:
            outcome.wrong = next(iter(problems.found))
            outcome.detail = str(problems)
    except Wrong as error:
        outcome.wrong, outcome.detail = error.kind, str(error)
    finally:
        outcome.struck = world.struck
        outcome.steps, outcome.virtual_s = world.loop.steps, world.loop.time()
        outcome.digest = _digest(world)
        world.close()
        gc.enable()
        logging.disable(logging.NOTSET)
    return outcome


def _records(world: World, name: str) -> Iterator[Record]:
    for entry in world.published(name):
        yield Record(
            entry.topic,
            entry.partition,
            entry.offset,
            entry.timestamp,
            True,
            entry.key,
            entry.value,
            list(entry.headers),
        )


def _digest(world: World) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for place, log in world.broker.logs.items():
        for entry in log.entries:
            digest.update(repr((place, entry.offset, entry.timestamp, entry.key, entry.value)).encode())
    return digest.hexdigest()
