"""A real Apache Kafka broker: SEGUE_BOOTSTRAP where somebody runs one, else Docker, else Maven and Java.

``python -m tests.kafka.broker`` is `make kafka`: one broker in the foreground, gone with Ctrl-C.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.jars import ROOT, NoJava, die_with_parent, fetched

HOME = ROOT / ".kafka"  # jars, shared by all brokers of this checkout
IMAGE = "apache/kafka:4.1.0"
CLUSTER = "c2VndWUtdGVzdC1rYWZrYQ"
READY_S = 90.0

PROPERTIES: dict[str, str] = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "broker.session.timeout.ms": "3000",  # else a restart after kill -9 takes 14 to 17 s instead of 6
    "broker.heartbeat.interval.ms": "500",
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": str(16 << 20),
    "log.cleaner.backoff.ms": "500",
}


class NoBroker(RuntimeError):
    """This machine has nothing that a broker could run with; says what is missing."""


class Broker:
    """One broker of one node from the jars, in a folder of its own; it dies with the process that began it.

    ``listeners`` beside the plaintext one are what `extra` properties say.
    """

    def __init__(
        self, folder: Path, port: int, extra: Mapping[str, str] | None = None, *, full_jit: bool = False
    ) -> None:
        self.folder, self.port = folder, port
        self.bootstrap = f"127.0.0.1:{port}"
        self._full_jit = full_jit
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        controller = free_port(avoid=port)
        properties = PROPERTIES | {
            "log.dirs": str(folder / "data"),
            "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{controller}",
        }
        properties |= extra or {}
        self._config = folder / "server.properties"
        self._config.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))

    @property
    def pid(self) -> int:
        """The process to be killed, stopped or awaited."""
        assert self._process is not None
        return self._process.pid

    def format(self, *more: str) -> None:
        """Make the data folder; ``more`` are arguments such as ``--add-scram …``."""
        command = [*_java(), "kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER]
        done = subprocess.run(
            [*command, "-c", str(self._config), *more], capture_output=True, check=False, text=True
        )
        if done.returncode:
            raise NoBroker(f"Kafka could not format {self.folder}: {done.stdout}{done.stderr}")

    def start(self, *, wait: bool = True) -> None:
        """Begin serving, with the data that is there."""
        if not (self.folder / "data").exists():
            self.format()
        options = ["-Xmx512m", "-Xms256m"]
        if not self._full_jit:
            options += ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        log = (self.folder / "broker.log").open("ab")
        self._process = subprocess.Popen(
            [*_java(*options), "kafka.Kafka", str(self._config)],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            preexec_fn=die_with_parent,  # noqa: PLW1509  one system call
        )
        log.close()
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        """Return once the broker answers."""
        end = time.monotonic() + READY_S
        while time.monotonic() < end:
            if self._process is not None and self._process.poll() is not None:
                break
            if answers(self.bootstrap):
                return
            time.sleep(0.1)
        tail = (self.folder / "broker.log").read_text(errors="replace")[-2_000:]
        raise NoBroker(f"Kafka did not start within {READY_S:.0f} s; its log ends with\n{tail}")

    def kill(self) -> None:
        """Kill -9, and wait until it is gone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ask it to end, and wait; kill it after 20 s."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


def jars() -> Path:
    """Return the folder of Kafka's jars, fetched through Maven the first time."""
    try:
        return fetched(ROOT / "pom.xml", HOME, "Kafka wants Docker, or Java 17 and Maven, or SEGUE_BOOTSTRAP")
    except NoJava as error:
        raise NoBroker(str(error)) from None


def _java(*options: str) -> list[str]:
    return ["java", *options, "-cp", f"{jars()}/*"]


_given: set[int] = set()


def free_port(avoid: int = 0, start: int = 19_000, end: int = 19_999) -> int:
    """Return a port that nobody listens on, of a range that no outgoing connection takes, never twice."""
    first = start + (os.getpid() * 7) % (end - start)
    for k in range(end - start):
        port = start + (first - start + k) % (end - start)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if port != avoid and port not in _given and not _bound(probe, port):
                _given.add(port)
                return port
    raise NoBroker(f"no free port between {start} and {end}")


def _bound(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return True
    return False


def answers(bootstrap: str) -> bool:
    """Tell whether a broker there answers a request for its metadata."""
    from kafka.admin import KafkaAdminClient
    from kafka.errors import KafkaError

    host, _, port = bootstrap.rpartition(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, int(port))):
            return False
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=bootstrap, request_timeout_ms=3_000, bootstrap_timeout_ms=3_000
        )
    except (KafkaError, OSError, TypeError):
        return False
    try:
        return bool(admin.describe_cluster())
    except KafkaError:
        return False
    finally:
        admin.close()


def docker_works() -> bool:
    """Tell whether there is a Docker engine to start containers with."""
    if shutil.which("docker") is None:
        return False
    done = subprocess.run(["docker", "info"], capture_output=True, check=False)
    return done.returncode == 0


@contextmanager
def in_docker(port: int) -> Iterator[str]:
    """Run Apache's own image; gone with the context."""
    environment = {
        "KAFKA_" + name.upper().replace(".", "_"): value
        for name, value in (
            PROPERTIES
            | {
                "listeners": f"PLAINTEXT://:{port},CONTROLLER://:9093",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "controller.quorum.voters": "1@localhost:9093",
            }
        ).items()
    }
    options = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
    command = ["docker", "run", "-d", "--rm", "-p", f"127.0.0.1:{port}:{port}", *options, IMAGE]
    name = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
    try:
        end = time.monotonic() + READY_S
        while not answers(f"127.0.0.1:{port}"):
            if time.monotonic() > end:
                raise NoBroker(f"Kafka in Docker did not answer within {READY_S:.0f} s")
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
    finally:
        subprocess.run(["docker", "kill", name], capture_output=True, check=False)


@contextmanager
def running(folder: Path, port: int | None = None, *, full_jit: bool = False) -> Iterator[str]:
    """Give the bootstrap address of a broker: the one that is there, or a new one that ends with this."""
    given = os.environ.get("SEGUE_BOOTSTRAP")
    if given:
        yield given
        return
    port = port or free_port()
    if docker_works():
        with in_docker(port) as bootstrap:
            yield bootstrap
        return
    broker = Broker(folder, port, full_jit=full_jit)
    broker.start()
    try:
        yield broker.bootstrap
    finally:
        broker.stop()


def main() -> None:
    """Run one broker until Ctrl-C, or until a process given by ``--while`` has ended."""
    options = argparse.ArgumentParser(description=main.__doc__)
    options.add_argument("--port", type=int, default=9092)
    options.add_argument("--folder", type=Path, default=HOME / "broker")
    options.add_argument("--while", dest="while_pid", type=int, default=0)
    given = options.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with running(given.folder, given.port, full_jit=not given.while_pid) as bootstrap:
            print(f"Kafka answers on {bootstrap}; Ctrl-C ends it", flush=True)
            while not given.while_pid or _alive(given.while_pid):
                time.sleep(0.5)
    except KeyboardInterrupt:
        pass
    except NoBroker as error:
        sys.exit(f"segue: {error}")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
