"""Jars: what a pom.xml of this checkout names, fetched through Maven the first time."""

from __future__ import annotations

import ctypes
import fcntl
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


class NoJava(RuntimeError):
    """This machine has nothing to run a service of Java's with; says what is missing."""


def fetched(pom: Path, home: Path, what: str) -> Path:
    """Return the folder of the jars; ``home`` holds it, and what says that it is whole."""
    folder = home / "jars"
    for tool in ("java", "mvn"):
        if shutil.which(tool) is None:
            raise NoJava(f"no {tool} on PATH: {what}")
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes start together
        stamp = home / f"fetched-{pom.stat().st_size}"
        if not stamp.exists():
            shutil.rmtree(folder, ignore_errors=True)
            command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
            done = subprocess.run(
                [*command, f"-DoutputDirectory={folder}"], capture_output=True, check=False, text=True
            )
            if done.returncode:
                raise NoJava(
                    f"Maven could not fetch what {pom.name} names: {(done.stdout + done.stderr)[-600:]}"
                )
            stamp.touch()
    return folder


def die_with_parent() -> None:
    """In the child: end when the thread that started it does, so that no test leaves a JVM behind."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").prctl(1, signal.SIGKILL)
