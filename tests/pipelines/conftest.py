"""What all tests of the steps share: kernels that are compiled once, and a listener to serve."""

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

import bandits.version
import pipelines.views
from pipelines.settings import Settings
from tests.pipelines.making import Listening, make_views, play, small


@pytest.fixture(scope="session", autouse=True)
def _warm() -> Iterator[None]:
    """Compile by serving a play and a request.

    Where kernels are interpreted to measure their coverage, a version takes seconds: there the empty one
    is made once.
    """
    with pytest.MonkeyPatch.context() as patch:
        if os.environ.get("NUMBA_DISABLE_JIT") == "1":

            @cache
            def once(prior: float, want_covariance: bool) -> Any:
                nothing = pipelines.views.new_evidence(Settings())
                return bandits.version.make_version([nothing], prior, want_covariance=want_covariance)

            def make_version(_: Any, prior: float = 1.0, *, want_covariance: bool = True) -> Any:
                return once(prior, want_covariance)

            patch.setattr("pipelines.views.make_version", make_version)
        listening = Listening()
        listening.take(play("warm-1", heard_s=100))
        listening.ask("warm-2", 110, "t1", "t2")
        yield


@pytest.fixture
def settings() -> Settings:
    return small()


@pytest.fixture
def ann(settings: Settings) -> Listening:
    """A listener nobody has met, over a catalogue of twelve tracks."""
    return Listening(settings, make_views(settings))
