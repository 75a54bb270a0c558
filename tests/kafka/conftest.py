"""A real broker for all tests of a session, and a deployment of its own for each test."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from pipelines.settings import Settings, load_settings
from tests.jars import ROOT
from tests.kafka.broker import NoBroker, answers, docker_works, free_port, jars

Deploy = Callable[..., Settings]


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """The address of a broker: SEGUE_BOOTSTRAP, or one that lives as long as this session."""
    given = os.environ.get("SEGUE_BOOTSTRAP")
    if given:
        yield given
        return
    try:
        if not docker_works():
            jars()
    except NoBroker as error:
        pytest.skip(str(error))  # in CI a skip is a failure
    if worker_id == "master":
        folder, alone_pid = tmp_path_factory.getbasetemp(), os.getpid()
    else:  # the processes of a session share one broker; it ends with the process that began them
        folder, alone_pid = tmp_path_factory.getbasetemp().parent, os.getppid()
    address = folder / "kafka-bootstrap"
    with (folder / "kafka-lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not address.exists():
            port = free_port()
            _start(port, folder / "kafka", alone_pid)
            address.write_text(f"127.0.0.1:{port}")
    yield address.read_text()


def _start(port: int, folder: Path, while_pid: int) -> None:
    folder.mkdir()
    command = [sys.executable, "-m", "tests.kafka.broker", "--port", str(port), "--folder", str(folder)]
    with (folder / "starter.log").open("wb") as log:
        starter = subprocess.Popen(
            [*command, "--while", str(while_pid)], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
        )
    end = time.monotonic() + 90
    while not answers(f"127.0.0.1:{port}"):
        if starter.poll() is not None or time.monotonic() > end:
            pytest.fail(f"Kafka did not start: {(folder / 'starter.log').read_text()[-2_000:]}")
        time.sleep(0.2)
    starter.returncode = 0  # it ends by itself, after this process: Popen need not warn


def deployment(bootstrap: str, folder: Path, **sections: dict[str, object]) -> Settings:
    """The settings of a deployment with names of its own; what is given goes over them, as sections."""
    kafka = {
        "bootstrap": bootstrap,
        "prefix": f"t{uuid4().hex[:8]}-",
        "listener_partitions": 2,
        "track_partitions": 2,
        "shards": 1,
    }
    worker = {"state": str(folder / "state"), "session_ms": 3_000, "web_port": free_port()}
    merged = {"kafka": kafka | sections.pop("kafka", {}), "worker": worker | sections.pop("worker", {})}
    return load_settings(None, **merged, **sections)


@pytest.fixture
def deploy(bootstrap: str, tmp_path: Path) -> Deploy:
    """Make a deployment for one test."""

    def deployed(**sections: dict[str, object]) -> Settings:
        return deployment(bootstrap, tmp_path, **sections)

    return deployed
