"""What the tests of the page share: a small town, and its app with or without a token."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from pipelines.demo.race import Race
from pipelines.demo.settings import DAY_MS, WorldSettings
from pipelines.demo.town import Town
from pipelines.demo.world import World
from pipelines.page.app import make_app
from pipelines.page.guard import Limits
from pipelines.settings import load_settings

TINY = WorldSettings(listeners=20, tracks=400, artists=50, days=2)


def make_town(run_id: str = "run") -> Town:
    """A town half a day old, which stands still."""
    town = Town(Race(World(TINY), load_settings()), load_settings(), run_id)
    for _ in town.race.walk(TINY.start_ms + DAY_MS // 2):
        pass
    return town


def standing(town: Town, limits: Limits | None = None, hosts: tuple[str, ...] = ("*",)) -> Starlette:
    """An app over a town that stands still."""
    return make_app(town, town.desk, limits or Limits(), hosts=list(hosts))


@pytest.fixture
def town() -> Town:
    return make_town()


@pytest.fixture
def client(town: Town) -> Iterator[TestClient]:
    with TestClient(standing(town)) as client:
        yield client
