"""Prometheus itself scrapes the engine: every panel and every rule speaks of metrics that exist."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import pytest

from pipelines.demo.town import Town
from pipelines.page.serving import bind
from tests.page.conftest import make_town
from tests.page.test_streams import served

ROOT = Path(__file__).parents[2]
WATCHED = ROOT / "observability"
WAIT_S = 60
OF_WORKERS = "segue_partition_"

pytestmark = pytest.mark.compiled


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"no {name} on this machine: apt-get install prometheus")
    return found


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((WATCHED / "grafana/dashboards/segue.json").read_text())
    return found


def expressions() -> list[str]:
    """Every query of the dashboard, as Grafana would send it."""
    texts = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [text.replace("$__rate_interval", "30s").replace("$instance", ".*") for text in texts]


class Asked:
    """A running Prometheus."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str) -> Any:
        with urlopen(f"{self.url}{path}", timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, text: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"/api/v1/query?query={quote(text)}")["result"]
        return found

    def wait_for(self, text: str) -> list[dict[str, Any]]:
        until_s = time.monotonic() + WAIT_S
        while time.monotonic() < until_s:
            try:
                if found := self.query(text):
                    return found
            except (URLError, ConnectionError, json.JSONDecodeError):
                pass  # not up yet
            time.sleep(0.3)
        raise AssertionError(f"{text} had no result within {WAIT_S} s")


@pytest.fixture(scope="module")
def town() -> Town:
    return make_town()


@pytest.fixture(scope="module")
def prometheus(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Debian's Prometheus with our own configuration, looking at a live server every second."""
    program, folder = tool("prometheus"), tmp_path_factory.mktemp("prometheus")
    with bind("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    with served(town) as scraped:
        text = (WATCHED / "prometheus.yml").read_text()
        text = text.replace("localhost:8765", f"127.0.0.1:{scraped}")
        text = re.sub(r"interval: \d+s", "interval: 1s", text)
        text = text.replace("alerts.yml", str(WATCHED / "alerts.yml"))
        (folder / "prometheus.yml").write_text(text)
        process = subprocess.Popen(
            [
                program, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                f"--web.listen-address=127.0.0.1:{port}", "--log.level=error",
            ]
        )  # fmt: skip
        try:
            yield Asked(port)
        finally:
            process.terminate()
            process.wait()


def test_the_rules_pass_their_own_tests() -> None:
    """promtool reads rules and configuration, and each alert fires when it should and not otherwise."""
    promtool = tool("promtool")
    for command in (
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts.test.yml"),
    ):
        done = subprocess.run([promtool, *command], cwd=WATCHED, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_scrapes_what_was_counted(prometheus: Asked, town: Town) -> None:
    """The same figures in Prometheus as in the process."""
    found = prometheus.wait_for('sum by (kind, outcome) (segue_records_total{outcome="scored"})')

    counted = {sample["metric"]["kind"]: float(sample["value"][1]) for sample in found}
    assert counted["play"] == town.metrics.value("segue_records_total", kind="play", outcome="scored") > 0
    assert prometheus.query("up")[0]["value"][1] == "1"


def test_every_panel_of_the_dashboard_shows_something(prometheus: Asked, town: Town) -> None:
    """Each query is answered by series, not by nothing: the metrics exist under these names and labels."""
    prometheus.wait_for("segue_records_total")
    for _ in town.race.walk(town.race.walked_ms + 3_600_000):
        pass
    town.metrics.listeners.set(town.advisor.engine.met)
    prometheus.wait_for("rate(segue_records_total[30s]) > 0")

    for text in expressions():
        if OF_WORKERS in text:
            continue  # there are no partitions in this process; that some room names them is tested below
        assert prometheus.wait_for(text), text


def test_every_rule_is_evaluated_without_error(prometheus: Asked) -> None:
    """And none fires on an engine that is well."""
    prometheus.wait_for("up == 1")
    until_s = time.monotonic() + WAIT_S
    rules: list[dict[str, Any]] = []
    while time.monotonic() < until_s:
        rules = prometheus.get("/api/v1/rules")["groups"][0]["rules"]
        if all(rule["health"] == "ok" for rule in rules):
            break
        time.sleep(0.3)

    assert {rule["health"] for rule in rules} == {"ok"}
    assert "firing" not in {rule["state"] for rule in rules}


def test_rules_and_panels_speak_only_of_metrics_that_some_room_names() -> None:
    """Every name is a string in the source: a metric that is renamed cannot leave its panel behind."""
    source = "".join(path.read_text() for path in (ROOT / "pipelines").rglob("*.py"))
    named = set(re.findall(r'"(segue_[a-z_]+)"', source))
    texts = [*expressions(), (WATCHED / "alerts.yml").read_text(), (WATCHED / "alerts.test.yml").read_text()]

    asked = {
        re.sub(r"_(total|bucket|sum|count)$", "", name)
        for text in texts
        for name in re.findall(r"\bsegue_[a-z_]+", text)
    }

    assert len(asked) > 12
    assert asked <= named
