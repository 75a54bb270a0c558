"""Build and start docker-compose.yml, see plays become scores through a kill, and take all of it away.

Needs a Docker engine with compose. What it checks is what a stranger would look at first; each line it
prints is a fact that was seen.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

from tests.jars import ROOT

PROJECT = "segue-compose-test"
GRAFANA = "grafana/grafana:12.1.0"
STARTED_S, SCORES_S, BACK_S = 240.0, 60.0, 60.0
PARTITIONS = 4


def compose(*args: str, check: bool = True) -> str:
    """Run one compose command; return what it says on stdout."""
    command = ["docker", "compose", "-p", PROJECT, *args]
    done = subprocess.run(command, cwd=ROOT, check=False, text=True, capture_output=True)
    if check and done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def fetched(url: str) -> Any:
    """Return the JSON of a page, None where nobody answers well."""
    try:
        with urlopen(url, timeout=5) as answer:
            return json.loads(answer.read())
    except (URLError, OSError, ValueError):
        return None


def seen(what: str, holds: Callable[[], Any], within_s: float) -> None:
    """Wait until it holds, and say after how long; end red if it does not."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within_s:
            sys.exit(f"not seen within {within_s:.0f} s: {what}\n{compose('ps', '-a', check=False)}")
        time.sleep(0.5)
    print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)


def scored() -> int:
    """How many scores the tail has shown."""
    return len(compose("logs", "--no-log-prefix", "scores").splitlines())


def asked(query: str) -> list[Any]:
    """Return what Prometheus answers."""
    found = fetched(f"http://localhost:9090/api/v1/query?query={quote(query)}") or {}
    result: list[Any] = found.get("data", {}).get("result", [])
    return result


def served() -> set[str]:
    """Which partitions the workers serve."""
    found = asked('segue_partition_state{step="serve",state="running"} == 1')
    return {one["metric"]["partition"] for one in found}


def processes_up() -> int:
    """How many of what it scrapes answer Prometheus."""
    return sum(int(one["value"][1]) for one in asked('up{job="segue"}'))


def main() -> None:
    """Do all of it."""
    services = ["worker-1", "worker-2", "producer", "scores", "page", "prometheus"]
    pulled = (
        subprocess.run(["docker", "pull", "-q", GRAFANA], capture_output=True, check=False).returncode == 0
    )
    compose("config", "-q")
    try:
        compose("build")
        print("the image is built", flush=True)
        began = time.monotonic()
        compose("up", "-d", *services, *(["grafana"] if pulled else []))
        seen("worker-1 is ready", lambda: fetched("http://localhost:6066/ready"), STARTED_S)
        seen("plays have become scores", lambda: scored() > 20, SCORES_S)
        print(f"{time.monotonic() - began:6.1f} s  from `up` to scores", flush=True)
        seen("the page is ready", lambda: fetched("http://localhost:8765/readyz"), SCORES_S)
        seen("Prometheus scrapes both workers and the page", lambda: processes_up() == 3, SCORES_S)
        seen("all partitions are served", lambda: len(served()) == PARTITIONS, SCORES_S)
        rules = fetched("http://localhost:9090/api/v1/rules") or {}
        assert rules["data"]["groups"], "no alert rules are loaded"
        if pulled:
            url = "http://localhost:3000/api/search?query=segue"
            seen("Grafana has the dashboard", lambda: fetched(url), SCORES_S)
        else:
            print(f"         Grafana was not looked at: {GRAFANA} cannot be pulled here", flush=True)

        compose("kill", "-s", "SIGKILL", "worker-1")
        compose("up", "-d", "worker-1")
        before = scored()
        seen("worker-1 is ready after kill -9", lambda: fetched("http://localhost:6066/ready"), BACK_S)
        seen("scores go on", lambda: scored() > before + 20, SCORES_S)
        began = time.monotonic()
        compose("stop", "worker-2")
        print(f"{time.monotonic() - began:6.1f} s  for worker-2 to stop by SIGTERM", flush=True)
        before = scored()
        seen("worker-1 serves all alone", lambda: scored() > before + 40, SCORES_S)
    finally:
        compose("down", "-v", "--timeout", "20", check=False)
    print("all of it is gone again", flush=True)


if __name__ == "__main__":
    main()
