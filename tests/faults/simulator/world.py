"""World: one run: computers with workers on them, the cluster, producers, and what befalls them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from aiokafka import TopicPartition
from aiokafka.partitioner import murmur2

from pipelines.faust_worker.assembly import INPUTS, STEPS, Assembly
from pipelines.faust_worker.intake import HINT_S, Intake
from pipelines.faust_worker.partition import HOLD_S, Partition
from pipelines.kafka.owners import group_of
from pipelines.kafka.topics import topics_of
from pipelines.metrics import Metrics
from state.checkpoint import Effect
from tests.faults.simulator.broker import Broker, Entry, Sent
from tests.faults.simulator.disk import DAMAGES, Disk
from tests.faults.simulator.groups import Group
from tests.faults.simulator.loop import Process, VirtualLoop
from tests.faults.simulator.machine import START_MS, Cluster, SimulatedMachine
from tests.faults.simulator.patches import simulated
from tests.faults.simulator.script import DAY_S, Event, Fault, Script, settings_of
from tests.faults.simulator.watch import Watch, Wrong
from topics.registry import SCHEMA_HEADER

SETTLE_S = 150.0  # virtual seconds in which everything must be taken in once nothing is wrong any more
STOP_S = 20.0
LOOK_S = 0.2
STALE_S = 0.03  # after a silence, until the first fetch is back
METRICS = Metrics()


class Computer:
    """A machine with a disk; on it runs one worker, or none."""

    def __init__(self, world: World, number: int) -> None:
        self.number = number
        self.process: Process | None = None
        self.machine: SimulatedMachine | None = None
        self.parts: Assembly | None = None
        self.skew_ms = world.script.skews_ms[number]
        self.full_until_s = -1.0
        self.disk = Disk(lambda: world.loop.time() < self.full_until_s)
        self.struck_before: dict[str, list[Fault]] = {}  # effect → faults that wait for it
        self.leaving = False
        self.starts = 0
        self._world = world

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.alive

    @property
    def paused(self) -> bool:
        return self.process is not None and self.process.paused

    def start(self) -> None:
        """Start the worker, unless it runs."""
        if self.running or self._world.off:
            return
        world = self._world
        self.leaving = False
        self.starts += 1
        self.process = Process(f"worker {self.number}, start {self.starts}")
        self.machine = SimulatedMachine(
            world.loop, self.process, world.cluster, self.disk, world.random, self.skew_ms, self.before
        )
        self.machine.link.lost = lambda what: world.note(f"{what.split()[-1]} lost")
        self.parts = Assembly(
            settings_of(f"w{self.number}" if world.script.named else ""), STEPS, self.machine, METRICS
        )
        world.watch.starts(self.parts, world.broker)
        world.loop.start(self.process, self._main(self.parts))

    def kill(self) -> None:
        """Kill -9."""
        if self.process is not None:
            self._world.loop.kill(self.process)

    def pause(self, span_s: float) -> None:
        """Stop the process as SIGSTOP does, and wake it after a while."""
        process, machine, loop = self.process, self.machine, self._world.loop
        assert process is not None
        assert machine is not None
        machine.note_ends()
        loop.pause(process)

        def wake() -> None:
            machine.link.stale_until_s = loop.time() + STALE_S
            loop.wake(process)

        loop.call_later(span_s, wake, context=loop.nobody)

    def leave(self) -> None:
        """Ask the worker to end, as SIGTERM does."""
        if self.running and not self.leaving:
            assert self.process is not None
            assert self.parts is not None
            self.leaving = True
            self._world.loop.start(self.process, self._end(self.parts))

    async def before(self, partition: Partition, effect: Effect) -> None:
        """Let the faults strike that wait for this effect."""
        self._world.watch.performs(self, partition, effect)
        waiting = self.struck_before.get(type(effect).__name__)
        if not waiting or not self.running:
            return
        fault = waiting.pop(0)
        self._world.note(fault.kind)
        if fault.kind == "crash before an effect":
            self.kill()
            self._world.later(fault.span_s, self.start)
            await asyncio.get_running_loop().create_future()  # which never comes
        self.pause(fault.span_s)
        await asyncio.sleep(0)

    async def _main(self, parts: Assembly) -> None:
        tasks = [asyncio.ensure_future(parts.reader.run())] if parts.reader is not None else []
        tasks += [asyncio.ensure_future(_hints(intake)) for intake in parts.intakes.values()]
        await asyncio.gather(*(intake.run() for intake in parts.intakes.values()))
        for task in tasks:
            task.cancel()
        process = self.process
        assert process is not None
        self._world.loop.kill(process)

    async def _end(self, parts: Assembly) -> None:
        await asyncio.gather(*(intake.end() for intake in parts.intakes.values()))


async def _hints(intake: Intake) -> None:
    while True:
        await asyncio.sleep(HINT_S)
        await intake.hint()


class World:
    """Everything of one run. `run` returns when all is over; what is wrong is raised as `Wrong`."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.settings = settings_of()
        self.topics = topics_of(self.settings.kafka)
        self.loop = VirtualLoop()
        self.random = Random(f"dice {script.seed}")
        self.struck: Counter[str] = Counter()
        self.off = False  # no computer may start
        self.watch = Watch(self.settings)
        self.broker = Broker(self.topics, self.now_ms, self.later, self._marker_delay_s, self.watch.committed)
        self.cluster = Cluster(
            self.broker, {group_of(step, self.settings): self._group(step) for step in STEPS}
        )
        self.computers = [Computer(self, number) for number in range(script.workers)]

    def now_ms(self) -> int:
        """The brokers' clock."""
        return START_MS + int(self.loop.time() * 1_000)

    def later(self, delay_s: float, act: Any) -> None:
        """Do something after a while, whoever is dead by then."""
        self.loop.call_later(delay_s, act, context=self.loop.nobody)

    def note(self, kind: str) -> None:
        """Count a fault that has struck."""
        self.struck[kind] += 1

    def run(self) -> None:
        """Play the script, let everything settle, stop the workers."""
        loop, script = self.loop, self.script
        with simulated():
            for event in script.events:
                loop.call_at(event.at_s, self._append, event, context=loop.nobody)
            for fault in script.faults:
                loop.call_at(fault.at_s, self._strike, fault, context=loop.nobody)
            begins_s, lasts_s = script.silence
            if lasts_s >= DAY_S / 2:
                loop.call_at(begins_s + 0.5, self._fall_asleep, context=loop.nobody)
                loop.call_at(begins_s + lasts_s - 0.5, self._wake_up, context=loop.nobody)
            for k, computer in enumerate(self.computers):
                self.later(0.3 * k, computer.start)
            self._go(script.end_s)
            self._mend()
            until_s = loop.time() + SETTLE_S
            newest_s = max([event.at_s for event in script.events], default=0.0)  # one sent twice comes later
            while loop.time() <= newest_s or not self.settled():
                if loop.time() > until_s:
                    raise Wrong("stuck", "; ".join(self.states()))
                self._go(loop.time() + LOOK_S)
            until_s = loop.time() + SETTLE_S
            while (stale := self.watch.stale_views(self)) is not None:
                if loop.time() > until_s:
                    raise stale
                self._go(loop.time() + LOOK_S)
            self._go(loop.time() + 2 * HOLD_S if self.leftovers() else loop.time())
            if left := self.leftovers():
                raise Wrong("a partition that was given up lives on", ", ".join(left))
            self.off = True
            for computer in self.computers:
                computer.leave()
            until_s = loop.time() + STOP_S
            while any(computer.running for computer in self.computers):
                if loop.time() > until_s:
                    raise Wrong("a worker does not stop", "; ".join(self.states()))
                self._go(loop.time() + LOOK_S)

    def close(self) -> None:
        """Let go of everything."""
        self.loop.close()

    def settled(self) -> bool:
        """Whether every record was taken in, and what came of it is committed."""
        for computer in self.computers:
            computer.start()  # one that was about to leave may be gone by now
        return all(computer.running and not computer.leaving for computer in self.computers) and all(
            any(
                partition.state == "running" and partition.waiting == 0 and self._is_done(step, partition)
                for partition in self.hosts(step, number)
            )
            for step in STEPS
            for number in range(self.topics[INPUTS[step]].partitions)
        )

    def hosts(self, step: str, number: int) -> Iterator[Partition]:
        """Whoever thinks that a partition is theirs."""
        for computer in self.computers:
            if computer.running and computer.parts is not None:
                partition = computer.parts.intakes[step].partitions.get(number)
                if partition is not None:
                    yield partition

    def leftovers(self) -> list[str]:
        """Partitions that a worker has given up, but that go on nevertheless: they would never open again."""
        return [
            f"worker {computer.number}, {step}[{number}]"
            for computer in self.computers
            if computer.running and computer.parts is not None
            for step, intake in computer.parts.intakes.items()
            for number, run in intake._runs.items()
            if number not in intake.partitions and not run.done()
        ]

    def states(self) -> Iterator[str]:
        """Say for each partition who has it and where it stands."""
        for step in STEPS:
            for number in range(self.topics[INPUTS[step]].partitions):
                end = self._newest(step, number)
                hosts = [
                    f"{p.state} taken {p.taken} kept {p.kept} {p.fault}" for p in self.hosts(step, number)
                ]
                yield f"{step}[{number}] ends at {end}: {hosts}"
        for computer in self.computers:
            yield f"worker {computer.number}: " + ("running" if computer.running else "off")

    def _is_done(self, step: str, partition: Partition) -> bool:
        newest = self._newest(step, partition.number)
        return partition.taken >= newest and (step == "learn" or partition.kept >= newest)

    def _newest(self, step: str, number: int) -> int:
        log = self.broker.logs[TopicPartition(self.topics[INPUTS[step]].name, number)]
        for entry in reversed(log.entries):
            if not entry.control and (entry.transaction is None or entry.transaction.state == "committed"):
                return entry.offset
        return -1

    def _go(self, until_s: float) -> None:
        self.loop.run_until(self.watch.is_wrong, until_s)
        self.watch.tell()
        if self.loop.errors:
            raise Wrong("an exception escaped", self.loop.errors[0])

    def _group(self, step: str) -> Group:
        topic = self.topics[INPUTS[step]]
        places = tuple(TopicPartition(topic.name, number) for number in range(topic.partitions))
        return Group(places, self.loop.time, self.later)

    def _marker_delay_s(self) -> float:
        return self.random.random() ** 4 * 0.05

    # -------------------------------------------------------------- what happens

    def _append(self, event: Event) -> None:
        partitions = self.topics["listener-events"].partitions
        place = TopicPartition(
            self.topics["listener-events"].name, (murmur2(event.key) & 0x7FFFFFFF) % partitions
        )
        if event.kind != "record":
            self.note(event.kind)
        self.broker.append(place, Sent(event.key, event.value, ((SCHEMA_HEADER, event.schema.encode()),)))

    def _strike(self, fault: Fault) -> None:
        computer = self.computers[fault.worker]
        if self.off:
            return
        if fault.kind == "compaction":
            self.broker.tidy(keep=int(self.random.random() * 8))
            self.note(fault.kind)
        elif fault.kind == "disk full":
            computer.full_until_s = self.loop.time() + fault.span_s
            self.note(fault.kind)
        elif computer.running:
            assert computer.machine is not None
            self._strike_process(fault, computer)
            self._strike_links(fault, computer.machine)

    def _strike_process(self, fault: Fault, computer: Computer) -> None:
        match fault.kind:
            case "crash":
                computer.kill()
                self.later(fault.span_s, computer.start)
            case "crash before an effect" | "pause before an effect":
                computer.struck_before.setdefault(fault.what, []).append(fault)
                return  # it is noted when it strikes
            case "pause" | "zombie" if not computer.paused:
                computer.pause(fault.span_s)
            case "store damaged":
                if fault.what != "torn inside":  # the only damage that may come to a store in use
                    computer.kill()
                    self.later(fault.span_s, computer.start)
                damage = next(name for name in DAMAGES if name == fault.what)
                if computer.disk.damage(damage, self.random):
                    self.note(f"store {damage}")
                return
            case "worker leaves":
                computer.leave()
                self.later(fault.span_s + 1.0, computer.start)
            case _:
                return
        self.note(fault.kind)

    def _strike_links(self, fault: Fault, machine: SimulatedMachine) -> None:
        now_s, link = self.loop.time(), machine.link
        match fault.kind:
            case "connection lost":
                machine.note_ends()
                link.away_until_s = now_s + fault.span_s
                link.stale_until_s = link.away_until_s + STALE_S
            case "request lost" | "answer lost":
                what = f"{fault.what} {fault.kind.split()[0]}"
                link.lose[what] = link.lose.get(what, 0) + 1
                return  # it is noted when it strikes
            case "slow view":
                link.slow_s["view"] = (now_s + fault.span_s, fault.span_s)
            case "clock jumps":
                self.computers[fault.worker].skew_ms = machine.skew_ms = int(fault.what)
            case _:
                return
        self.note(fault.kind)

    def _fall_asleep(self) -> None:
        for computer in self.computers:
            computer.kill()
        self.off = True
        self.note("night")

    def _wake_up(self) -> None:
        self.off = False
        self.broker.tidy(keep=0)
        for computer in self.computers:
            computer.start()

    def _mend(self) -> None:
        """End all that is wrong: every worker runs, and reaches the cluster."""
        for computer in self.computers:
            computer.struck_before.clear()
            computer.full_until_s = -1.0
            if computer.paused:
                assert computer.process is not None
                assert computer.machine is not None
                computer.machine.link.stale_until_s = self.loop.time() + STALE_S
                self.loop.wake(computer.process)
            if computer.machine is not None:
                link = computer.machine.link
                link.away_until_s = min(link.away_until_s, self.loop.time())
                link.lose.clear()
                link.slow_s.clear()
            computer.start()

    def published(self, name: str) -> Iterator[Entry]:
        """All committed records of a topic."""
        return self.broker.committed(self.topics[name].name)
