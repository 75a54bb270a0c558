"""Answer: where the result of an evaluation goes, for all commands that judge policies."""

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from pipelines.evaluate.report import tables
from pipelines.replay.options import STDIO
from pipelines.report.evaluation import evaluation_report
from pipelines.settings import Settings
from pipelines.state_directory import flat_settings


def answer(
    result: dict[str, Any], settings: Settings, *, json_out: Path | None, report_out: Path | None = None
) -> None:
    """Write a result as JSON and as a page where asked for; show tables unless stdout holds the JSON."""
    parts = list(tables(result))
    if report_out is not None:
        with written_whole(report_out) as page:
            flat = flat_settings(settings)
            page.write(evaluation_report(result, parts, command=command_line(), settings=flat))
    if written_as_json(result, json_out):
        return
    console = Console()
    for part in parts:
        console.print(part, markup=False, highlight=False, soft_wrap=isinstance(part, str))


def written_as_json(result: dict[str, Any], path: Path | None) -> bool:
    """Write a command's result where it was asked for; tell whether that was stdout, which is taken then."""
    text = json.dumps(result, indent=2) + "\n"
    if str(path) == STDIO:
        sys.stdout.write(text)
        return True
    if path is not None:
        path.write_text(text)
    return False


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """Give a file that takes its name only when all is written; one that cannot be written fails first."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w") as page:
            yield page
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def command_line() -> str:
    """Return the command that is being run, so that it can be run again."""
    return shlex.join(["segue", *sys.argv[1:]])
