"""Chaos: ``make chaos``: a real broker and several workers under traffic, struck at random, then the check.

What it does is drawn from a seed; what hits when depends on the machine, so a red run keeps its folder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any

from pipelines.faust_worker.warm import warm_up
from pipelines.kafka.topics import create
from pipelines.settings import Settings, load_settings
from tests.faults.effects import check, listed, on_kafka
from tests.kafka.broker import Broker, free_port
from tests.kafka.outages import Outage, killed, told, wanted_s
from tests.kafka.strikes import UNTRANSACTED, pause, tear, wake
from tests.kafka.traffic import Traffic
from tests.kafka.workers import WorkerProcess, wait_quiet

SESSION_MS = 6_000
TOML = """
[sessions]
gap_ms = 20000
timer_delay_ms = 2000
[slates]
attribution_window_ms = 15000
[learning]
version_rows = 400
"""
FULL = 100_000  # plays, at which each strike happens as often as this; fewer plays, fewer strikes
LEAST = {
    "kill": 20, "return": 8, "zombie": 5, "broker": 3, "tear": 3, "delete": 3, "restart": 3, "leave": 3,
}  # fmt: skip
ON_AND_ON = 10_000_000


class Chaos:
    """Workers, a broker, and what they suffer."""

    def __init__(
        self, folder: Path, workers: int, plays: int, rate: float, seed: int, *, plain: bool
    ) -> None:
        self.random = Random(seed)
        self.plays, self.rate, self.patch = plays, rate, UNTRANSACTED if plain else ""
        self.broker = Broker(folder / "broker", free_port())
        self.settings = self._settings(folder)
        self.workers = [
            WorkerProcess(
                self.settings, folder, f"w{k}", "--settings", str(folder / "settings.toml"),
                instance="" if k == 0 else f"w{k}",
            )
            for k in range(workers)
        ]  # fmt: skip
        self.done: Counter[str] = Counter()
        self.outages: list[Outage] = []

    def _settings(self, folder: Path) -> Settings:
        (folder / "settings.toml").write_text(TOML)
        kafka = {
            "bootstrap": self.broker.bootstrap, "prefix": "chaos-", "listener_partitions": 6,
            "track_partitions": 3, "shards": 2,
        }  # fmt: skip
        worker = {"session_ms": SESSION_MS, "facts_ms": 1_000}
        return load_settings(folder / "settings.toml", kafka=kafka, worker=worker)

    def run(self) -> int:
        """Do it all; return the number of things that are wrong."""
        try:
            warm_up(self.settings)  # else every worker that is killed compiles anew
            self.broker.start()
            create(self.settings.kafka)
            for worker in self.workers:
                worker.start(patch=self.patch)
            for worker in self.workers:
                worker.wait_ready()
            traffic = Traffic(self.settings, ON_AND_ON, self.rate, listeners=400)
            traffic.start()
            began = time.monotonic()
            self._strike(traffic)
            self._wait(traffic, self.plays)
            traffic.end()
            self.say(
                f"{traffic.sent:,} plays sent in {time.monotonic() - began:.0f} s; struck: {dict(self.done)}"
            )
            for worker in self.workers:
                wake(worker)
                if not worker.alive:
                    worker.start(patch=self.patch)
            for worker in self.workers:
                worker.wait_ready()
            wait_quiet(self.workers)
            for worker in self.workers:
                worker.stop()
            for line in told(self.settings, self.outages, wanted_s(SESSION_MS)):
                self.say(line)
            problems = check(on_kafka(self.settings))
        finally:
            for worker in self.workers:
                worker.kill()
            self.broker.stop()
        print("\n".join(listed(problems)))
        print(str(problems) or "nothing is lost, nothing is counted twice")
        return sum(problems.found.values())

    def _strike(self, traffic: Traffic) -> None:
        deck = [name for name, count in LEAST.items() for _ in range(-(-count * self.plays // FULL))]
        self.random.shuffle(deck)
        for k, name in enumerate(deck):
            self._wait(traffic, (k + 1) * self.plays / (len(deck) + 2))
            getattr(self, f"_{name}")()
            self.done[name] += 1
            self.say(f"{traffic.sent:>8,} plays, {name}: {', '.join(self._alive())}")

    def _wait(self, traffic: Traffic, plays: float) -> None:
        while traffic.sent < plays and traffic.is_alive():
            time.sleep(0.2)

    def _kill(self) -> None:
        worker = self.random.choice(self.workers)
        self._note(killed("kill", worker, self.workers))
        time.sleep(self.random.random() * 2 * SESSION_MS / 1_000)
        worker.start(patch=self.patch)

    def _return(self) -> None:
        """Kill one that has a name of its own, and start it at once: its partitions wait for it."""
        worker = self.random.choice(self.workers[1:])
        self._note(killed("return", worker, self.workers))
        worker.start(patch=self.patch)
        worker.wait_ready()

    def _note(self, outage: Outage | None) -> None:
        if outage is not None:
            self.outages.append(outage)

    def _zombie(self) -> None:
        worker = self.random.choice(self.workers)
        pause(worker)
        time.sleep(SESSION_MS / 1_000 * self.random.uniform(1.2, 2.5))
        wake(worker)

    def _broker(self) -> None:
        self.broker.kill()
        time.sleep(self.random.random())
        self.broker.start()

    def _tear(self) -> None:
        worker = self.random.choice(self.workers)
        worker.kill()
        tear(worker, self.random)
        worker.start(patch=self.patch)

    def _delete(self) -> None:
        worker = self.random.choice(self.workers)
        worker.kill()
        shutil.rmtree(worker.state, ignore_errors=True)
        worker.start(patch=self.patch)

    def _restart(self) -> None:
        """One worker after the other, as an upgrade does."""
        for worker in self.workers:
            worker.stop()
            worker.start(patch=self.patch)
            worker.wait_ready()

    def _leave(self) -> None:
        worker = self.random.choice(self.workers)
        worker.stop()
        time.sleep(self.random.random() * SESSION_MS / 1_000)
        worker.start(patch=self.patch)

    def _alive(self) -> list[str]:
        return [f"{worker.name} {'up' if worker.alive else 'down'}" for worker in self.workers]

    def say(self, text: str) -> None:
        print(text, flush=True)


def main() -> None:
    """Run chaos; the exit code tells whether all is as it must be."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("--plays", type=int, default=100_000)
    options.add_argument("--rate", type=float, default=250.0, help="plays a second")
    options.add_argument("--workers", type=int, default=3)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--no-transactions", action="store_true", help="to see the check fail")
    given: Any = options.parse_args()
    folder = Path(mkdtemp(prefix="segue-chaos-"))
    chaos = Chaos(folder, given.workers, given.plays, given.rate, given.seed, plain=given.no_transactions)
    wrong = chaos.run()
    if wrong:
        sys.exit(f"{wrong} things are wrong; logs are in {folder}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
