"""The command line: `segue replay`, `segue import`, `segue demo`, `segue settings`."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from pipelines.importers import AUTO, IMPORTERS, ImportFailed, read_log, read_tracks
from pipelines.replay.driver import Replay
from pipelines.replay.evaluation_start import evaluation_start
from pipelines.replay.options import Options
from pipelines.replay.report import tables
from pipelines.settings import Settings, WrongSettings, load_settings
from pipelines.settings_page import explain
from state.store import StoreError
from topics.codec import encode_line

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
errors = Console(stderr=True)

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; see `segue settings`.")]


def main() -> None:
    """Run the command line; what the user can mend is said in one message, without a traceback."""
    try:
        app()
    except (ImportFailed, StoreError, WrongSettings, OSError, ValueError) as error:
        errors.print(f"segue: {error}", style="red", markup=False, highlight=False)
        sys.exit(2)


@app.command()
def replay(
    log: Annotated[str, typer.Argument(help="A log: file, gzip, zip export, folder, or - for stdin.")],
    tracks: Annotated[str | None, typer.Option(help="A catalogue: JSON lines or CSV.")] = None,
    format: Annotated[str, typer.Option(help=f"auto or one of {', '.join(IMPORTERS)}.")] = AUTO,  # noqa: A002
    column: Annotated[list[str] | None, typer.Option(help="CSV: FIELD=NAME of its column.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Directory to resume from after any interruption.")
    ] = None,
    views: Annotated[Path | None, typer.Option(help="State directory whose views do not move.")] = None,
    view_lag: Annotated[int, typer.Option(min=0, help="Views are this many plays old.")] = 0,
    scores: Annotated[Path | None, typer.Option(help="Write next-track scores here (JSON lines).")] = None,
    feedback: Annotated[Path | None, typer.Option(help="Write feedback here.")] = None,
    decisions: Annotated[Path | None, typer.Option(help="Write whole decisions here.")] = None,
    dead_letters: Annotated[Path | None, typer.Option(help="Write dead letters here.")] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the summary here; - for stdout.")
    ] = None,
    evaluate_from: Annotated[
        str, typer.Option(help="Count quality from a share of the plays (0.7) or a time (2025-01-31) on.")
    ] = "0",
    learn_until: Annotated[str | None, typer.Option(help="Stop learning at a share or a time.")] = None,
    openers: Annotated[str, typer.Option(help="count or skip: plays that open a session.")] = "count",
    slate: Annotated[int | None, typer.Option(min=1, max=50, help="Slots of a slate.")] = None,
    candidates: Annotated[int | None, typer.Option(min=2, max=1000, help="Candidates of a decision.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of all dice.")] = None,
    policy: Annotated[str | None, typer.Option(help="Policy that draws the slates.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Read at most this many records.")] = None,
    until: Annotated[str | None, typer.Option(help="Stop at this event time.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Replay a log: features, scores, learning, and how well the next play was foretold."""
    overrides: dict[str, Any] = {}
    if seed is not None:
        overrides["seed"] = seed
    settings = load_settings(settings_file, **overrides)
    settings = with_options(settings, slate=slate, candidates=candidates, policy=policy)
    if openers not in ("count", "skip"):
        raise ValueError(f"--openers is {openers!r}, expected count or skip")
    options = Options(
        log=log, format=format, columns=dict(pair.split("=", 1) for pair in column or ()), tracks=tracks,
        state=state, views=views, view_lag=view_lag, scores=scores, feedback=feedback, decisions=decisions,
        dead_letters=dead_letters, evaluate_from=evaluation_start(evaluate_from),
        learn_until=None if learn_until is None else evaluation_start(learn_until), openers="skip" if openers == "skip" else "count", limit=limit,
        until_ms=None if until is None else evaluation_start(until).at_ms,
    )  # fmt: skip
    with progress_bar() as bar:
        task = bar.add_task("replay", total=None)
        summary = Replay(options, settings).run(
            lambda plays, total: bar.update(task, completed=plays, total=total)
        )
    text = json.dumps(summary, indent=2)
    if json_out is not None and str(json_out) != "-":
        json_out.write_text(text + "\n")
    if json_out is not None and str(json_out) == "-":
        print(text)
    else:
        for table in tables(summary):
            Console().print(table)


@app.command("import")
def import_log(
    format: Annotated[str, typer.Argument(help=f"auto or one of {', '.join(IMPORTERS)}.")],  # noqa: A002
    log: Annotated[str, typer.Argument(help="File, gzip, zip export, folder, or - for stdin.")],
    tracks: Annotated[bool, typer.Option("--tracks", help="The file is a catalogue.")] = False,
    column: Annotated[list[str] | None, typer.Option(help="CSV: FIELD=NAME of its column.")] = None,
) -> None:
    """Turn a foreign log into JSON lines on stdout, in event-time order; odd rows go to stderr."""
    columns = dict(pair.split("=", 1) for pair in column or ())
    entries = read_tracks(log, format=format) if tracks else read_log(log, format=format, columns=columns)
    out = sys.stdout.buffer
    for entry in entries:
        target = out if type(entry.record).__name__ != "DeadLetter" else sys.stderr.buffer
        target.write(encode_line(entry.record))
    out.flush()


@app.command()
def settings(settings_file: SettingsFile = None) -> None:
    """Print the effective settings with their meaning and range."""
    explain(load_settings(settings_file), Console())


def with_options(settings: Settings, **options: Any) -> Settings:
    """Return the settings with what the command line gives on top."""
    changes: dict[str, Any] = {}
    if options.get("slate") is not None:
        changes["slates"] = settings.slates.model_copy(update={"limit": options["slate"]})
    if options.get("candidates") is not None:
        changes["candidates"] = settings.candidates.model_copy(update={"limit": options["candidates"]})
    if options.get("policy") is not None and options["policy"] != settings.policy.name:
        changes["policy"] = type(settings.policy)(name=options["policy"])
    return settings.model_copy(update=changes)


def progress_bar() -> Progress:
    """Return a bar on stderr with plays, plays per second and time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        PlaysPerSecond(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
    )


class PlaysPerSecond(ProgressColumn):
    """The rate of the last while."""

    def render(self, task: Task) -> Text:
        """Return the rate as text."""
        return Text(f"{task.speed or 0:,.0f} plays/s")
