"""Workers as processes: started, asked, stopped, killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

from kafka import KafkaConsumer, TopicPartition

from pipelines.kafka.clients import blocking
from pipelines.kafka.topics import topics_of
from pipelines.settings import Settings
from tests.jars import ROOT
from tests.kafka.broker import free_port
from tests.replay.warm import Running, Warm

READY_S = 240.0  # a machine that is busy, and kernels that are compiled for the first time
QUIET_S = 6.0  # lags are looked at every two
RUN = "from pipelines.cli import main; main()"


def environment(settings: Settings, **changes: object) -> dict[str, str]:
    """Return the environment that gives a command these live settings, with changes such as web_port."""
    found = dict(os.environ)
    found.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling all sources anew doubles the time of a start
    for section in ("kafka", "worker"):
        model = getattr(settings, section)
        for name in type(model).model_fields:
            value = changes.get(name, getattr(model, name))
            if hasattr(value, "get_secret_value"):
                value = value.get_secret_value()
            found[f"SEGUE_{section.upper()}__{name.upper()}"] = str(value)
    return found


class WorkerProcess:
    """One ``segue worker``: a process of its own, or, with ``warm``, a fork that is there at once."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        name: str,
        *args: str,
        warm: Warm | None = None,
        **changes: object,
    ) -> None:
        self.root = ROOT  # of the sources: where another version lies, that one runs
        self.name, self.folder = name, folder
        self.port = free_port(avoid=settings.worker.web_port)
        self._args, self._warm, self._settings = args, warm, settings
        self._changes = {"web_port": self.port, "state": str(folder / f"state-{name}")} | changes
        self._process: subprocess.Popen[bytes] | None = None
        self._running: Running | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{name}.log"

    @property
    def pid(self) -> int:
        process = self._running or self._process
        assert process is not None
        return process.pid

    @property
    def log(self) -> str:
        """What it has said, in all its starts or, for a fork, in the last one."""
        return (self._warm.folder / "err" if self._warm else self._log).read_text(errors="replace")

    @property
    def state(self) -> Path:
        return Path(str(self._changes["state"]))

    @property
    def alive(self) -> bool:
        """Whether it runs; one that has ended but was not waited for does not."""
        if self._running is None and self._process is None:
            return False
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except FileNotFoundError:
            return False
        return stat.rpartition(")")[2].split()[0] != "Z"

    def start(self, *, patch: str = "") -> None:
        """Begin; ``patch`` is Python that runs first, in that process only."""
        self._reap()
        env = environment(self._settings, **self._changes)
        if self._warm is not None:
            self._running = self._warm.start("worker", *self._args, env=env, patch=patch)
            return
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", patch + RUN, "worker", *self._args],
                cwd=self.root, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def cpu_s(self) -> float:
        """The CPU seconds that it has used, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and JSON of a page; status 0 where nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=3) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            return error.code, json.loads(error.read())
        except (OSError, ValueError):
            return 0, None

    def text(self, path: str) -> str:
        """Return a page as text."""
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=3) as answer:
            return str(answer.read().decode())

    def wait_ready(self) -> None:
        """Return once it says that it is ready."""
        wait_for(lambda: self.get("/ready")[0] == 200 or not self.alive, READY_S, self.name)
        assert self.alive, self.log[-3_000:]

    def signal(self, number: int) -> None:
        if self.alive:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self.signal(signal.SIGKILL)
        self._reap()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            wait_for(lambda: not self.alive, 60, f"{self.name} to end")
        finally:
            self.signal(signal.SIGKILL)
            code = self._reap()
        return code

    def _reap(self) -> int:
        code = 0
        if self._running is not None:
            code = self._running.wait().code
        elif self._process is not None:
            code = self._process.wait()
        self._running = self._process = None
        return code


@contextmanager
def worker(
    settings: Settings, folder: Path, *args: str, warm: Warm | None = None, **changes: object
) -> Iterator[WorkerProcess]:
    """Run one worker; ready when this gives it, gone afterwards."""
    process = WorkerProcess(settings, folder, "w", *args, warm=warm, **changes)
    process.start()
    try:
        process.wait_ready()
        yield process
    finally:
        process.kill()


def wait_quiet(workers: list[WorkerProcess], seconds: float = 300) -> None:
    """Return once no partition of any worker has had anything to take for a few seconds."""
    quiet_since = 0.0

    def quiet() -> bool:
        nonlocal quiet_since
        for one in workers:
            status, report = one.get("/ready")
            steps = report["steps"].values() if status == 200 else ()
            lags = [part["lag"] for step in steps for part in step["partitions"].values()]
            if status != 200 or any(lag != 0 for lag in lags):
                quiet_since = time.monotonic()
        return time.monotonic() - quiet_since > QUIET_S

    quiet_since = time.monotonic()
    wait_for(quiet, seconds, "workers to have taken in everything")


def wait_for(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Return once it holds; fail after so many seconds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.1)


def wait_idle(settings: Settings, seconds: float = 120, steps: tuple[str, ...] = ("serve",)) -> None:
    """Return once every record of the steps' inputs is taken, by what their groups have committed."""
    inputs = {"serve": "listener-events", "learn": "feedback", "collect": "track-events"}
    for step in steps:
        topic = topics_of(settings.kafka)[inputs[step]]
        consumer = KafkaConsumer(
            **blocking(settings.kafka),
            group_id=f"{settings.kafka.prefix}{settings.worker.application}-{step}",
            enable_auto_commit=False,
        )
        places = [TopicPartition(topic.name, p) for p in range(topic.partitions)]
        ends = consumer.end_offsets(places)

        def done(consumer: Any = consumer, places: Any = places, ends: Any = ends) -> bool:
            return all((consumer.committed(place) or 0) >= ends[place] for place in places)

        try:
            wait_for(done, seconds, f"{step} to take in all of {topic.name}")
        finally:
            consumer.close()
