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
from tests.kafka.broker import ROOT, free_port

READY_S = 240.0  # a machine that is busy, and kernels that are compiled for the first time
RUN = "from pipelines.cli import main; main()"


def environment(settings: Settings, **changes: object) -> dict[str, str]:
    """Return the environment that gives a command these live settings, with changes such as web_port."""
    found = dict(os.environ)
    for section in ("kafka", "worker"):
        model = getattr(settings, section)
        for name in type(model).model_fields:
            value = changes.get(name, getattr(model, name))
            if hasattr(value, "get_secret_value"):
                value = value.get_secret_value()
            found[f"SEGUE_{section.upper()}__{name.upper()}"] = str(value)
    return found


class WorkerProcess:
    """One ``segue worker``; the log of all its starts is in one file."""

    def __init__(self, settings: Settings, folder: Path, name: str, *args: str, **changes: object) -> None:
        self.name, self.folder = name, folder
        self.port = free_port(avoid=settings.worker.web_port)
        self._args = args
        self._settings = settings
        self._changes = {"web_port": self.port, "state": str(folder / f"state-{name}")} | changes
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / f"{name}.log"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def state(self) -> Path:
        return Path(str(self._changes["state"]))

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, patch: str = "") -> None:
        """Begin; ``patch`` is Python that runs first, in that process only."""
        command = [sys.executable, "-c", patch + RUN, "worker", *self._args]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(self._settings, **self._changes),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

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
        """Return once it says that it is healthy."""
        wait_for(lambda: self.get("/health")[0] == 200 or not self.alive, READY_S, self.name)
        assert self.alive, self.log.read_text()[-3_000:]

    def signal(self, number: int) -> None:
        if self.alive:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        if self.alive:
            self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> int:
        """Ask it to end; return its exit code."""
        assert self._process is not None
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self._process.wait(40)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


@contextmanager
def worker(
    settings: Settings, folder: Path, *args: str, name: str = "w", **changes: object
) -> Iterator[WorkerProcess]:
    """Run one worker; ready when this gives it, gone afterwards."""
    process = WorkerProcess(settings, folder, name, *args, **changes)
    process.start()
    try:
        process.wait_ready()
        yield process
    finally:
        process.kill()


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
