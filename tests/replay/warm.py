"""A process that has everything imported and compiled; each command runs in a fork of it.

So a test may run `segue` a hundred times, kill it at any moment, and pay for one start.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.cli import main
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import Settings, load_settings
from tests.replay.logs import messy

ROOT = Path(__file__).resolve().parents[2]
SERVER = "from tests.replay.warm import serve_forks; serve_forks()"


class Ran(NamedTuple):
    """How a command ended: its exit code (negative: the signal that killed it), stdout and stderr."""

    code: int
    out: str
    err: str


class Running:
    """A command under way."""

    def __init__(self, pid: int, warm: "Warm", folder: Path) -> None:
        self.pid = pid
        self._warm = warm
        self._folder = folder

    def wait(self) -> Ran:
        """Return how it ended, once it has; until then its process id is its own, even if it has ended."""
        code = self._warm.ended()
        return Ran(code, (self._folder / "out").read_text(), (self._folder / "err").read_text())


class Warm:
    """Runs one `segue` command at a time, quickly."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._server = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        self.answer()  # it is warm by now

    def start(
        self, *args: object, stdin: Path | None = None, env: dict[str, str] | None = None, patch: str = ""
    ) -> Running:
        """Begin ``segue ARGS``; ``patch`` is Python that runs first, in that process only."""
        order = [[str(arg) for arg in args], str(stdin or os.devnull), env or {}, patch]
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order).encode() + b"\n")
        self._server.stdin.flush()
        return Running(self.answer(), self, self.folder)

    def __call__(self, *args: object, **how: Any) -> Ran:
        """Run ``segue ARGS`` to its end."""
        return self.start(*args, **how).wait()

    def ended(self) -> int:
        """Return the exit code of the command under way, once it has ended."""
        assert self._server.stdin is not None
        self._server.stdin.write(b"\n")
        self._server.stdin.flush()
        return self.answer()

    def answer(self) -> int:
        """Return the server's next number."""
        assert self._server.stdout is not None
        return int(self._server.stdout.readline())

    def close(self) -> None:
        """End the server."""
        self._server.communicate()


def serve_forks() -> None:
    """Fork for every order on stdin; tell the child's process id, then how it ended."""
    folder = Path(sys.argv[1])
    warm_up(folder)
    print(0, flush=True)
    for line in sys.stdin:
        pid = _forked(json.loads(line), folder)
        print(pid, flush=True)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # ended, but its number is nobody else's yet
        sys.stdin.readline()
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


def warm_up(folder: Path) -> None:
    """Load every kernel that a small replay needs."""
    log = folder / "warm.jsonl"
    log.write_bytes(b"".join(messy(records=120, seed=1)))
    for policy in (Settings().policy.name, "lin_ucb"):  # without and with variances
        Replay(Options(str(log)), load_settings(None, policy={"name": policy})).run()


def _forked(order: list[Any], folder: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    args, stdin, env, patch = order
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent in the background ignores it
    for number, path, mode in ((0, stdin, os.O_RDONLY), (1, folder / "out", 0), (2, folder / "err", 0)):
        flags = mode if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(path, flags, 0o600), number)
    os.environ.update(env)
    sys.argv = ["segue", *args]
    code: Any = 1
    try:
        exec(patch, {})
        main()
        code = 0
    except SystemExit as end:
        code = 0 if end.code is None else end.code
    except BaseException:  # noqa: BLE001
        traceback.print_exc()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)
