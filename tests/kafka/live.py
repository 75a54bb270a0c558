"""Live: ``make live``: a broker, a worker, the demo's world playing, and the scores as they come."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.kafka.topics import create
from pipelines.settings import load_settings
from tests.jars import ROOT
from tests.kafka.broker import NoBroker, free_port, running
from tests.kafka.workers import RUN, WorkerProcess, environment

RATE = "20"


def main() -> None:
    """Run all of it until Ctrl-C; nothing stays."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    started: list[subprocess.Popen[bytes]] = []
    with TemporaryDirectory(prefix="segue-live-") as name:
        folder = Path(name)
        try:
            with running(folder / "kafka", full_jit=True) as bootstrap:
                # The world's plays are of 2025 and come twenty a second: event time alone decides.
                kafka = {"bootstrap": bootstrap, "prefix": "live-", "history": True}
                settings = load_settings(None, kafka=kafka, worker={"web_port": free_port()})
                create(settings.kafka)
                worker = WorkerProcess(settings, folder, "worker", web_port=settings.worker.web_port)
                worker.start()
                say(f"worker: http://127.0.0.1:{settings.worker.web_port}/ready, /metrics, /listeners/ID")
                for args in (("produce", "demo", "--rate", RATE), ("tail", "scores", "--since", "start")):
                    command = [sys.executable, "-c", RUN, *args]
                    started.append(subprocess.Popen(command, cwd=ROOT, env=environment(settings)))
                try:
                    started[-1].wait()
                finally:
                    for process in started:
                        process.terminate()
                        process.wait(20)
                    worker.stop()
        except KeyboardInterrupt:
            say("ended")
        except NoBroker as error:
            sys.exit(f"segue: {error}")


def say(text: str) -> None:
    """Say it at once."""
    print(text, flush=True)


if __name__ == "__main__":
    main()
