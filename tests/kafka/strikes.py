"""Strikes: what a worker is made to suffer in the middle of its work."""

from __future__ import annotations

import os
import signal
from random import Random

from state.checkpoint import OPENING, SURVIVING
from tests.kafka.workers import WorkerProcess

PHASES = tuple(effect.__name__ for effect in (*OPENING, *SURVIVING))

UNTRANSACTED = """
import aiokafka, pipelines.faust_worker.machine as room
class Plain(aiokafka.AIOKafkaProducer):
    def __init__(self, *, transactional_id, transaction_timeout_ms, **options):
        super().__init__(**options)
    async def begin_transaction(self): pass
    async def commit_transaction(self): pass
room.AIOKafkaProducer = Plain
"""
"""A patch that switches transactions, and with them the fence, off."""


def dying_before(phase: str, step: str, turn: int) -> str:
    """Return a patch by which a worker kills itself right before an effect of a step's checkpoint.

    ``turn`` says how often that effect is performed before.
    """
    return f"""
import asyncio, os, signal
from pipelines.faust_worker import partition as room
performed = room.Partition._effect
left = {turn}
async def struck(self, effect):
    global left
    if type(effect).__name__ == {phase!r} and self._source.step == {step!r}:
        left -= 1
        if left < 0:
            await asyncio.sleep(0.05)  # what was sent before is on its way, as it may be
            os.kill(os.getpid(), signal.SIGKILL)
    return await performed(self, effect)
room.Partition._effect = struck
"""


def dying_halfway(turn: int) -> str:
    """Return a patch by which a worker dies when a batch's outputs are with the broker, its state is not."""
    return f"""
import asyncio, os, signal
from pipelines.faust_worker import producer as halfway
published = halfway.Producer.publish
turns = {turn}
async def cut_off(self, outputs):
    global turns
    turns -= any(output.topic.endswith("scores") for output in outputs)
    if turns >= 0:
        return await published(self, outputs)
    await published(self, [output for output in outputs if not output.topic.endswith("changelog")])
    await asyncio.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
halfway.Producer.publish = cut_off
"""


def tear(worker: WorkerProcess, random: Random) -> None:
    """Damage the local stores of a worker that is not running: cut files short, write over others."""
    files = [
        path for path in worker.state.rglob("*") if path.suffix in {".sst", ".log"} and path.stat().st_size
    ]
    for path in random.sample(files, k=min(3, len(files))):
        size = path.stat().st_size
        if random.random() < 0.5:
            os.truncate(path, size // 2)
        else:
            with path.open("r+b") as file:
                file.seek(size // 3)
                file.write(random.randbytes(min(64, size)))


def pause(worker: WorkerProcess) -> None:
    """Stop a process where it is; it wakes up as a zombie, its partitions with somebody else."""
    worker.signal(signal.SIGSTOP)


def wake(worker: WorkerProcess) -> None:
    """Let a paused process go on."""
    worker.signal(signal.SIGCONT)
