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
from pipelines.report.evaluation import evaluation_report
from pipelines.settings import Settings
from pipelines.state_directory import flat_settings

STDIO = "-"


def answer(
    result: dict[str, Any], settings: Settings, *, json_out: Path | None, report_out: Path | None = None
) -> None:
    """Write a result as JSON and as a page where asked for; show tables unless stdout holds the JSON."""
    parts = list(tables(result))
    if report_out is not None:
        with written_whole(report_out) as page:
            flat = flat_settings(settings)
            page.write(evaluation_report(result, parts, command=command_line(), settings=flat))
    text = json.dumps(result, indent=2) + "\n"
    if str(json_out) == STDIO:
        sys.stdout.write(text)
        return
    if json_out is not None:
        json_out.write_text(text)
    console = Console()
    for part in parts:
        console.print(part, markup=False, highlight=False, soft_wrap=isinstance(part, str))


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
