"""The kernels of serve are compiled once, before the first test that serves anything."""

import pytest

from pipelines.settings import Settings
from tests.pipelines.making import Listening, make_views, play, small


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    """Compile by serving a play and a request."""
    listening = Listening()
    listening.take(play("warm-1", heard_s=100))
    listening.ask("warm-2", 110, "t1", "t2")


@pytest.fixture
def settings() -> Settings:
    return small()


@pytest.fixture
def ann(settings: Settings) -> Listening:
    """A listener nobody has met, over a catalogue of twelve tracks."""
    return Listening(settings, make_views(settings))
