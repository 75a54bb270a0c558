"""The page and its API over real topics and a real worker: the same answers as in one process."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.importers import Entry
from pipelines.kafka.produce import produce
from pipelines.kafka.topics import create
from pipelines.settings import Settings
from tests.kafka.conftest import deployment
from tests.kafka.pages import Page, page
from tests.kafka.traffic import Traffic
from tests.kafka.workers import WorkerProcess, wait_for, worker
from tests.replay.warm import Warm
from topics.ids import key_of

pytestmark = pytest.mark.compiled

WHOLE = {name: key_of(name) < 2**63 for name in ("bob", "cat", "dan", "eve", "fay")}  # a share of one half
assert set(WHOLE.values()) == {True, False}
SMALL = WorldSettings(listeners=20, tracks=300, artists=40, days=2)


def play(event_id: str, track_id: str = "t1", ago_s: float = 1.0, **more: Any) -> dict[str, Any]:
    started_ms = int((time.time() - ago_s) * 1_000)
    record = {"event_id": event_id, "listener_id": "ann / ü", "track_id": track_id, "started_ms": started_ms}
    return record | {"heard_ms": 500, "length_ms": 1_000} | more


def checked(explained: dict[str, Any]) -> dict[str, Any]:
    """Scores that the reasons of every slot sum to."""
    assert explained["slots"]
    for slot in explained["slots"]:
        assert len(slot["reasons"]) > 10
        mean = sum(reason["contribution"] for reason in slot["reasons"])
        assert mean == pytest.approx(slot["mean"], abs=1e-6)
        assert min(max(mean, 0), 1) == pytest.approx(slot["score"], abs=2e-6)
    return explained


def timed(asked: Page, request_id: str) -> float:
    """How many ms a request takes, from HTTP to HTTP."""
    record = {"request_id": request_id, "listener_id": "timed", "at_ms": int(time.time() * 1_000)}
    began_s = time.perf_counter()
    assert asked.post("/v1/requests", record)[1]["outcome"] == "scored"
    return (time.perf_counter() - began_s) * 1_000


def learned(asked: Page) -> bool:
    return int(asked.get("/v1/policy")[1]["version"]) >= 2


class Live(NamedTuple):
    """A deployment with one worker, and the page over it."""

    settings: Settings
    worker: WorkerProcess
    page: Page


@pytest.fixture(scope="module")
def live(bootstrap: str, segue: Warm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    settings = deployment(bootstrap, folder, worker={"decisions_share": 0.5})
    create(settings.kafka)
    catalogue = World(SMALL).catalogue()
    produce(iter([Entry(track, k, None) for k, track in enumerate(catalogue)]), settings.kafka)
    with worker(settings, folder, warm=segue) as process, page(settings) as asked:
        yield Live(settings, process, asked)


def test_a_play_over_http_goes_through_kafka_and_comes_back_explained(live: Live) -> None:
    """Onto the log, and back on the stream and by id; dead letters are refusals; restarts are survived."""
    settings, process, asked = live
    traffic = Traffic(settings, plays=100_000, rate=60, listeners=30, tracks=100)
    traffic.start()
    wait_for(lambda: learned(asked), 60, "the policy to have learned")

    with asked.followed("ann / ü") as stream:
        status, taken = asked.post("/v1/plays", play("e1"))
        came = stream.get(timeout=10)
    assert (status, taken["outcome"]) == (200, "scored")
    scores = checked(taken["scores"])
    assert scores["cause"] == came["cause"] == "e1"
    assert scores["decision_id"] == came["decision_id"]
    assert [slot["track_id"] for slot in came["slate"]] == [slot["track_id"] for slot in scores["slots"]]
    assert scores["candidates"] > len(scores["slots"])
    assert asked.get(f"/v1/decisions/{scores['decision_id']}") == (200, scores)

    status, taken = asked.post(
        "/v1/requests", {"request_id": "r", "listener_id": "ann / ü", "at_ms": int(time.time() * 1_000)}
    )
    assert checked(taken["scores"])["cause"] == "r"
    for name in WHOLE:  # whose whole decisions are on their topic, and whose are not
        checked(asked.post("/v1/plays", play(f"e-{name}") | {"listener_id": name})[1]["scores"])
    status, known = asked.get("/v1/listeners/ann%20%2F%20%C3%BC")
    assert (status, [one["track_id"] for one in known["heard"]]) == (200, ["t1"])
    assert known["features"]
    assert [made["decision_id"] for made in known["decisions"]][1] == scores["decision_id"]

    assert asked.post("/v1/plays", play("e1"))[1] == {"outcome": "applied", "scores": None}
    status, problem = asked.post("/v1/plays", play("e2", ago_s=-7_200))
    assert (status, problem["field"], problem["reason"]) == (409, "started_ms", "future")
    status, problem = asked.post("/v1/plays", play("e3", ago_s=2 * 86_400))
    assert (status, problem["reason"]) == (409, "late")

    overview = asked.get("/v1/overview")[1]
    assert overview["dead_letters"]["late"] == 1
    assert overview["plays"] > 50
    assert overview["plays_per_s"] > 10
    assert sum(bucket["records"] for bucket in overview["latency"]) > 10
    assert len(overview["active"]) == 12
    wait_for(lambda: any(map(any, asked.get("/v1/overview")[1]["rewards"].values())), 60, "rewards")
    assert asked.get("/v1/tracks?query=track-00000")[1]["tracks"]

    text = process.text("/metrics")
    (sum_s,) = re.findall(r"\nsegue_event_to_scores_seconds_sum (\S+)", text)
    (count,) = re.findall(r"\nsegue_event_to_scores_seconds_count (\S+)", text)
    assert float(count) > 50
    assert 0.001 < float(sum_s) / float(count) < 5

    took_ms = sorted(timed(asked, f"q{k}") for k in range(20))
    print(f"the worker's mean: {1_000 * float(sum_s) / float(count):.0f} ms of {count} scores")
    print(f"request over HTTP and Kafka and back: p50 {took_ms[10]:.0f} ms, slowest {took_ms[-1]:.0f} ms")

    traffic.end()
    process.kill()
    with asked.followed("ann / ü") as stream:
        status, problem = asked.post("/v1/plays", play("e4", "t2"))
        assert status == 504
        process.start()
        assert stream.get(timeout=60)["cause"] == "e4"
    wait_for(lambda: asked.get("/v1/listeners/ann%20%2F%20%C3%BC")[0] == 200, 60, "the worker")
    status, taken = asked.post("/v1/plays", play("e5", "t3"))
    assert (status, checked(taken["scores"])["cause"]) == (200, "e5")
    heard = asked.get("/v1/listeners/ann%20%2F%20%C3%BC")[1]["heard"]
    assert [one["track_id"] for one in heard] == ["t3", "t2", "t1"]


@pytest.mark.browser
def test_you_play_along_in_the_browser(live: Live) -> None:
    """Each action is a record on the log, its answer the next slate, with reasons; no hour to be changed."""
    from playwright.sync_api import expect

    from tests.page.browsing import chromium, opened, shoot

    with chromium() as browser:
        page, wrong = opened(browser, live.page.url)
        slate = page.locator("#next")
        for action in ("#play", "#finish", "#skip", "#like", "#finish"):
            before = slate.get_attribute("data-decision") or ""
            page.click(action)
            expect(slate).to_have_attribute("data-decision", re.compile(f"^(?!{before}$)."), timeout=20_000)
        assert page.locator("#next > li").count() >= 3
        assert page.locator("#next .why li").count() > 3
        assert page.locator("#hour-label").is_hidden()
        took_ms = page.evaluate("performance.getEntriesByName('action-to-slate').map(one => one.duration)")
        print("action to slate over Kafka, ms:", *map(round, took_ms))
        page.click("#active >> text=you")
        page.locator("#heard li").nth(2).wait_for()
        page.keyboard.press("Escape")
        shoot(page, "live")
        assert wrong == []
