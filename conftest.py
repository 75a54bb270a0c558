"""What all tests and doctests share: how long Hypothesis looks, and that nothing is skipped in CI."""

import os
from collections.abc import Generator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

IN_CI = bool(os.environ.get("CI"))

# No deadline: the first call of a kernel compiles it. The CI profile looks ten times longer.
settings.register_profile(
    "quick",
    deadline=None,
    max_examples=50,
    derandomize=IN_CI,  # there the same examples every time; `make check` looks further, with dice
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "ci", settings.get_profile("quick"), max_examples=500, derandomize=False, print_blob=True
)
settings.register_profile("few", settings.get_profile("quick"), max_examples=5)  # kernels as plain Python
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "quick"))


def pytest_configure(config: pytest.Config) -> None:
    """Where kernels run as plain Python, let 64-bit numbers wrap around as they do in machine code."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered in scalar:RuntimeWarning")


def _skip_is_failure(report: pytest.TestReport | pytest.CollectReport) -> None:
    """A skipped test is a promise nobody looked at: in CI that counts as broken."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} was skipped in CI ({reason}): install what it needs"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip while a test runs into a failure."""
    report = yield
    _skip_is_failure(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skip of a whole module into a failure."""
    report = yield
    _skip_is_failure(report)
    return report


@pytest.fixture(autouse=True)
def _names_in_examples(doctest_namespace: dict[str, object]) -> None:
    """Let a docstring's example say ``np`` where its module has no need to."""
    doctest_namespace["np"] = np
