"""``segue page`` as a process over a deployment, and a client that asks it and follows its streams."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from pipelines.settings import Settings
from tests.jars import ROOT
from tests.kafka.workers import RUN, environment, wait_for

READY_S = 120.0


class Page:
    """A client of one running page."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> tuple[int, Any]:
        """Return status and JSON."""
        return self._ask(Request(self.url + path))

    def post(self, path: str, record: dict[str, Any]) -> tuple[int, Any]:
        """Return status and JSON of what a record is answered with."""
        headers = {"Content-Type": "application/json"}
        return self._ask(Request(self.url + path, json.dumps(record).encode(), headers))

    def _ask(self, request: Request) -> tuple[int, Any]:
        try:
            with urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read())
        except HTTPError as error:
            return error.code, json.loads(error.read())
        except URLError:
            return 0, None

    @contextmanager
    def followed(self, listener_id: str) -> Iterator[queue.Queue[dict[str, Any]]]:
        """Give the scores of a listener's stream as they come."""
        came: queue.Queue[dict[str, Any]] = queue.Queue()
        stream = urlopen(f"{self.url}/v1/scores?listener_id={quote(listener_id)}", timeout=120)

        def read() -> None:
            with suppress(OSError, ValueError, AttributeError):  # closed at our end
                for line in stream:
                    if line.startswith(b"data: "):
                        came.put(json.loads(line[6:]))

        threading.Thread(target=read, daemon=True).start()
        try:
            yield came
        finally:
            stream.close()


@contextmanager
def page(settings: Settings, *args: str) -> Iterator[Page]:
    """Run one page; ready when this gives it, gone afterwards; it must end well."""
    command = [sys.executable, "-c", RUN, "page", "--port", "0", *args]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(settings),
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        found = re.search(r"segue is at (http://[^ ]+?):? ", process.stdout.readline())
        assert found, f"the page ended with {process.wait()}"
        asked = Page(found[1].rstrip(":"))
        wait_for(lambda: asked.get("/readyz")[0] == 200, READY_S, "the page to be ready")
        yield asked
    finally:
        process.terminate()
        ends_s = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < ends_s:
            time.sleep(0.05)
        process.kill()
        process.wait()
        process.stdout.close()
