"""Beam's job server with a Flink inside, from the jars of pom-flink.xml: `make flink`, and the tests."""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.jars import ROOT, NoJava, die_with_parent, fetched
from tests.kafka.broker import free_port

HOME = ROOT / ".flink"
READY_S = 120.0
OPENED = ("java.base/java.util", "java.base/java.lang", "java.base/java.nio", "java.base/java.net",
          "java.base/java.util.concurrent", "java.base/java.time")  # fmt: skip
Config = Mapping[str, object]

NO_CONFIG: Config = {}
CONFIG: dict[str, object] = {
    "rest.bind-address": "127.0.0.1",
    "rest.address": "127.0.0.1",
    "taskmanager.numberOfTaskSlots": 4,
    "state.backend.type": "hashmap",
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": 1_000,
    "restart-strategy.fixed-delay.delay": "1 s",
    "taskmanager.memory.network.min": "64mb",
    "taskmanager.memory.network.max": "64mb",
    "taskmanager.memory.managed.size": "16mb",
}


def jars() -> Path:
    """Return the folder of Beam's and Flink's jars, fetched through Maven the first time (190 MB)."""
    return fetched(ROOT / "pom-flink.xml", HOME, "the tests on Flink want Java 17 and Maven")


def java(main: str, *args: str, memory: str = "-Xmx700m") -> list[str]:
    """Return the command that runs a class of these jars."""
    opened = [part for name in OPENED for part in ("--add-opens", f"{name}=ALL-UNNAMED")]
    quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", memory]
    return ["java", *quick, *opened, "-cp", f"{jars()}/*", main, *args]


def write_config(folder: Path, config: Mapping[str, object]) -> None:
    """Write Flink's configuration into a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text("".join(f"{name}: {value}\n" for name, value in config.items()))


class Process:
    """A JVM with its log; it dies with the process that began it."""

    def __init__(self, command: list[str], log: Path) -> None:
        self.log = log
        with log.open("ab") as file:
            self.process = subprocess.Popen(
                command, stdout=file, stderr=file, stdin=subprocess.DEVNULL,
                cwd=log.parent, preexec_fn=die_with_parent,  # noqa: PLW1509  one system call
            )  # fmt: skip

    def wait_for_port(self, port: int) -> None:
        """Return once somebody listens there."""
        ends = time.monotonic() + READY_S
        while not _listens(port):
            if self.process.poll() is not None or time.monotonic() > ends:
                tail = self.log.read_text(errors="replace")[-2_000:]
                raise NoJava(f"no answer on port {port} within {READY_S:.0f} s; the log ends with\n{tail}")
            time.sleep(0.2)

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait; kill it after 10 s."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def job_server(folder: Path, port: int, config: Config = NO_CONFIG, master: str = "[local]") -> Process:
    """Start the job server; with ``master`` ``[local]`` Flink is inside, begun anew for each job."""
    write_config(folder / "conf", CONFIG | dict(config))
    command = java(
        "org.apache.beam.runners.flink.FlinkJobServerDriver",
        f"--flink-master={master}", "--job-host=127.0.0.1", f"--job-port={port}",
        "--artifact-port=0", "--expansion-port=0", f"--flink-conf-dir={folder / 'conf'}",
        f"--artifacts-dir={folder / 'artifacts'}",
    )  # fmt: skip
    process = Process(command, folder / "job-server.log")
    process.wait_for_port(port)
    return process


@contextmanager
def running(folder: Path, port: int | None = None, config: Config = NO_CONFIG) -> Iterator[str]:
    """Give the endpoint of a job server that ends with this."""
    port = port or free_port()
    process = job_server(folder, port, config)
    try:
        yield f"localhost:{port}"
    finally:
        process.stop()


def main() -> None:
    """Run one job server until Ctrl-C."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("--port", type=int, default=8099)
    options.add_argument("--folder", type=Path, default=HOME / "server")
    given = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    given.folder.mkdir(parents=True, exist_ok=True)
    try:
        with running(given.folder, given.port) as endpoint:
            print(f"Beam's job server answers on {endpoint}; Ctrl-C ends it", flush=True)
            while True:
                time.sleep(1)
    except KeyboardInterrupt:
        pass
    except NoJava as error:
        sys.exit(f"segue: {error}")


if __name__ == "__main__":
    main()
