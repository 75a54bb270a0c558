"""Upgrade: ``make upgrade-test OLD=COMMIT``: workers of an older commit are replaced one by one, in traffic.

Afterwards every play has scores once, and every listener's plays are those of the log. It wants git's
history, so it is no test of `make test`: there, stored examples of older formats are read instead.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pipelines.kafka.topics import create
from pipelines.settings import load_settings
from tests.faults.effects import check_kept, listed, on_kafka
from tests.jars import ROOT
from tests.kafka.broker import free_port, running
from tests.kafka.chaos import TOML
from tests.kafka.traffic import Traffic
from tests.kafka.workers import READY_S, WorkerProcess, wait_for, wait_quiet

WORKERS, PARTITIONS, SHARDS = 2, 4, 2
RATE = 60.0  # plays a second
LISTENERS = 150
PHASE_S = 20.0  # of traffic before, between and after the replacements
ON_AND_ON = 10_000_000
WARM = (
    "from pipelines.faust_worker.warm import warm_up; "
    "from pipelines.settings import Settings; warm_up(Settings())"
)


def upgraded(old: Path, folder: Path, address: str) -> int:
    """Replace workers of the sources in ``old`` by today's; return the number of things that are wrong."""
    toml = folder / "settings.toml"
    toml.write_text(TOML)
    kafka = {
        "bootstrap": address, "prefix": f"upgrade{int(time.time())}-", "listener_partitions": PARTITIONS,
        "track_partitions": 2, "shards": SHARDS,
    }  # fmt: skip
    worker = {"session_ms": 60_000, "facts_ms": 1_000, "web_port": free_port()}
    settings = load_settings(toml, kafka=kafka, worker=worker)
    create(settings.kafka)
    for root in (old, ROOT):  # else each of its workers compiles
        subprocess.run([sys.executable, "-c", WARM], cwd=root, check=True)
    workers = [
        WorkerProcess(settings, folder, f"w{k}", "--settings", str(toml), instance=f"w{k}")
        for k in range(WORKERS)
    ]
    traffic = Traffic(settings, ON_AND_ON, RATE, listeners=LISTENERS)
    try:
        for one in workers:
            one.root = old
            one.start()
        wait_for(lambda: running_partitions(workers) == PARTITIONS, READY_S, "the old workers to serve")
        traffic.start()
        time.sleep(PHASE_S)
        for one in workers:
            assert one.stop() == 0, one.log[-2_000:]
            one.root = ROOT
            one.start()
            one.wait_ready()
            print(f"{one.name} is of today's version, {traffic.sent:,} plays", flush=True)
            time.sleep(PHASE_S)
        traffic.end()
        wait_quiet(workers, 900)
        for one in workers:
            one.stop()
    finally:
        for one in workers:
            one.kill()
    problems = check_kept(on_kafka(settings))
    print("\n".join(listed(problems)))
    print(str(problems) or "nothing is lost, nothing is counted twice")
    return sum(problems.found.values())


def running_partitions(workers: list[WorkerProcess]) -> int:
    """Return how many partitions of serve run, on all workers; of any version."""
    reports = [worker.get("/health")[1] or {} for worker in workers]
    found = [report.get("steps", {}).get("serve", {}).get("partitions", {}) for report in reports]
    return sum(part["state"] == "running" for parts in found for part in parts.values())


def main() -> None:
    """Run it; the exit code tells whether anything was lost."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("old", help="a commit, such as HEAD~20")
    given: Any = options.parse_args()
    with TemporaryDirectory(prefix="segue-upgrade-") as name:
        folder = Path(name)
        (folder / "old").mkdir()
        archive = subprocess.run(["git", "archive", given.old], cwd=ROOT, check=True, capture_output=True)
        subprocess.run(["tar", "-x", "-C", str(folder / "old")], check=True, input=archive.stdout)
        with running(folder / "kafka") as address:
            sys.exit(min(upgraded(folder / "old", folder, address), 1))


if __name__ == "__main__":
    main()
