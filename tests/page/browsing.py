"""Starting the demo as a person does, on a terminal, and looking at it with Chromium."""

import os
import pty
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SIZE = ("--listeners", "60", "--tracks", "800", "--days", "6")


class Demo(NamedTuple):
    """A running demo."""

    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def demo(*options: str, program: tuple[str, ...] = ("-m", "pipelines.cli")) -> Iterator[Demo]:
    """`segue demo` on a terminal of its own, until the block ends; it must end well."""
    ours, theirs = pty.openpty()
    command = [sys.executable, *program, "demo", "--no-browser", *SIZE, *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=theirs, stderr=theirs, stdin=theirs)
    os.close(theirs)
    said = ""
    try:
        while not (found := re.search(r"segue is at (http://\S+?):? ", said)):
            said += os.read(ours, 4_096).decode(errors="replace")
        yield Demo(found[1].rstrip(":"), process)
    except OSError as error:  # the terminal was closed at the other end
        raise AssertionError(f"the demo ended early and said: {said}") from error
    finally:
        process.terminate()
        drained = time.monotonic() + 20
        while process.poll() is None and time.monotonic() < drained:
            time.sleep(0.02)
        process.kill()
        process.wait()
        os.close(ours)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; skips where the machine has none."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET])
        yield browser
        browser.close()


def opened(browser: Browser, url: str, **settings: object) -> tuple[Page, list[str]]:
    """A fresh visitor's page once it is live, and the errors that its console shows from then on."""
    page = browser.new_context(**settings).new_page()  # type: ignore[arg-type]
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(url)
    page.locator("html[data-live=true]").wait_for(state="attached")
    page.locator("#rewards-legend span").first.wait_for()
    return page, wrong


def shoot(page: Page, name: str) -> None:
    """Leave a screenshot behind as an artefact."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)
