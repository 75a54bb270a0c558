"""The command line: `segue replay`, `segue evaluate`, `segue import`, `segue demo`, `segue settings`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

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

from bandits import POLICIES
from pipelines import cli_beam, cli_listener, cli_live, cli_policy
from pipelines.demo.settings import WorldSettings
from pipelines.demo.show import show
from pipelines.evaluate.question import WrongLog
from pipelines.evaluate.run import AUTO as FOUND_OUT
from pipelines.evaluate.run import FORMATS, evaluate, would_have
from pipelines.failures import Halted
from pipelines.importers import AUTO, IMPORTERS, ImportFailed, read_log, read_tracks
from pipelines.kafka.failed import KafkaFailed
from pipelines.replay.chronicle import Chronicle
from pipelines.replay.driver import Interrupted, Replay
from pipelines.replay.options import (
    STDIO,
    Options,
    column_names,
    openers_of,
    share_or_time,
    time_ms,
)
from pipelines.replay.report import tables
from pipelines.report.answer import answer, command_line, written_as_json, written_whole
from pipelines.report.replay import replay_report
from pipelines.settings import Settings, WrongSettings, load_settings
from pipelines.settings_page import explain
from pipelines.wrong_options import WrongOptions
from state.store import StoreError
from topics.codec import encode_line
from topics.dead_letter import DeadLetter

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
cli_live.add_to(app)
cli_policy.add_to(app)
cli_listener.add_to(app)
app.add_typer(cli_beam.beam_app, name="beam")
errors = Console(stderr=True)

WRONG, FAULT, INTERRUPTED = 2, 1, 130  # exit codes: theirs to mend, ours, Ctrl-C

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; see `segue settings`.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write one self-contained page of HTML here.")
]
Format = f"auto or one of {', '.join(IMPORTERS)}."


def main() -> None:
    """Run the command line; what the user can mend is said in one message, without a traceback."""
    try:
        app()
    except ModuleNotFoundError as error:
        if error.name == "apache_beam":
            fail("apache_beam is not installed: pip install 'segue[beam]' brings it", WRONG)
        if error.name in {"starlette", "uvicorn", "sse_starlette"}:
            fail(f"{error.name} is not installed, the page needs it: pip install 'segue[page]'", WRONG)
        if error.name not in {"aiokafka", "faust", "kafka"}:
            raise
        fail(f"{error.name} is not installed, live commands need it: pip install 'segue[faust]'", WRONG)
    except (ImportFailed, KafkaFailed, StoreError, WrongLog, WrongOptions, WrongSettings, OSError) as error:
        fail(str(error), WRONG)
    except Halted as error:
        fail(str(error), FAULT)
    except Interrupted as error:
        fail(str(error), INTERRUPTED)


def fail(message: str, code: int) -> NoReturn:
    """Say on stderr what is wrong, unbroken by the terminal's width, and end."""
    errors.print(f"segue: {message}", style="red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(code)


@app.command()
def replay(
    context: typer.Context,
    log: Annotated[str, typer.Argument(help="A log: file, gzip, zip export, folder, or - for stdin.")],
    tracks: Annotated[str | None, typer.Option(help="A catalogue: JSON lines or CSV.")] = None,
    format: Annotated[str, typer.Option(help=Format)] = AUTO,  # noqa: A002  the word users type
    column: Annotated[list[str] | None, typer.Option(help="CSV: FIELD=NAME of its column.")] = None,
    state: Annotated[
        Path | None, typer.Option(help="Directory to resume from, after an interruption or as the log grows.")
    ] = None,
    views: Annotated[Path | None, typer.Option(help="State directory whose views do not move.")] = None,
    warm: Annotated[
        Path | None, typer.Option(help="State directory to begin with: listeners, facts, what was learned.")
    ] = None,
    after: Annotated[
        str | None, typer.Option(help="Pass over records up to this time: what --warm knows of.")
    ] = None,
    view_lag: Annotated[int, typer.Option(help="Views are this many plays old.")] = 0,
    scores: Annotated[Path | None, typer.Option(help="Write next-track scores here (JSON lines).")] = None,
    feedback: Annotated[Path | None, typer.Option(help="Write feedback here.")] = None,
    decisions: Annotated[Path | None, typer.Option(help="Write whole decisions here.")] = None,
    dead_letters: Annotated[Path | None, typer.Option(help="Write dead letters here.")] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the summary here; - for stdout.")
    ] = None,
    report_out: ReportFile = None,
    evaluate_from: Annotated[
        str, typer.Option(help="Count quality from a share of the plays (0.7) or a time (2025-01-31) on.")
    ] = "0",
    learn_until: Annotated[str | None, typer.Option(help="Stop learning at a share or a time.")] = None,
    openers: Annotated[str, typer.Option(help="count or skip: plays that open a session.")] = "count",
    ask_openers: Annotated[
        bool, typer.Option(help="Ask with a request before a play that opens a session, as a player would.")
    ] = True,
    slate: Annotated[int | None, typer.Option(help="Slots of a slate, 1 to 50.")] = None,
    candidates: Annotated[int | None, typer.Option(help="Candidates of a decision, 2 to 1000.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all dice.")] = None,
    policy: Annotated[str | None, typer.Option(help="Policy that draws the slates.")] = None,
    against: Annotated[
        str | None,
        typer.Option(help="DECISIONS of a run whose feedback LOG is: what would --policy have earned there?"),
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Read at most this many records.")] = None,
    until: Annotated[str | None, typer.Option(help="Stop before the first record after this time.")] = None,
    checkpoint_plays: Annotated[
        int, typer.Option(help="Plays between checkpoints: what a kill may cost.")
    ] = 5_000,
    from_kafka: Annotated[
        bool, typer.Option("--from-kafka", help="First write listener-events of Kafka into LOG, a new file.")
    ] = False,
    kafka_from: Annotated[
        str | None, typer.Option(help="Of Kafka, from a time or from offsets such as 0:12,1:7 on.")
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Replay a log: features, scores, learning, and how well the next play was foretold."""
    settings = load_settings(settings_file, **({} if seed is None else {"seed": seed}))
    if against is not None:
        check_against(context)
        result = would_have(log, against, policy or settings.policy.name, settings, views=views, slots=slate)
        answer(result, settings, json_out=json_out, report_out=report_out)
        return
    settings = with_options(settings, slate=slate, candidates=candidates, policy=policy)
    if from_kafka:
        cli_live.fetch_log(Path(log), settings.kafka, start=kafka_from, until=until)
    options = Options(
        log=log, format=format, columns=column_names(column or []), tracks=tracks,
        state=state, views=views, warm=warm, view_lag=view_lag,
        scores=scores, feedback=feedback, decisions=decisions, dead_letters=dead_letters, summary=json_out,
        evaluate_from=share_or_time(evaluate_from, "--evaluate-from"),
        learn_until=None if learn_until is None else share_or_time(learn_until, "--learn-until"),
        openers=openers_of(openers), ask_openers=ask_openers, limit=limit,
        after_ms=None if after is None else time_ms(after, "--after"),
        until_ms=None if until is None else time_ms(until, "--until"),
        checkpoint_plays=checkpoint_plays,
    )  # fmt: skip
    if report_out is None:
        report(run_replay(options, settings), options)
        return
    chronicle = Chronicle()
    with written_whole(report_out) as page:
        summary = run_replay(options, settings, chronicle)
        page.write(replay_report(summary, chronicle.told(), command=command_line()))
    report(summary, options)


def check_against(context: typer.Context) -> None:
    """Raise `WrongOptions` for options that only speak of replaying plays."""
    kept = {"log", "against", "policy", "views", "slate", "seed", "json_out", "report_out", "settings_file"}
    sources = {name: context.get_parameter_source(name) for name in context.params if name not in kept}
    wrong = sorted(name for name, source in sources.items() if source and source.name == "COMMANDLINE")
    if wrong:
        raise WrongOptions(
            f"--{wrong[0].replace('_', '-')} says how plays are replayed, --against replays feedback: leave "
            "one of them out"
        )


def run_replay(options: Options, settings: Settings, chronicle: Chronicle | None = None) -> dict[str, Any]:
    """Run a replay under a progress bar, and return its summary; a chronicle is told of it."""
    with progress_bar() as bar:
        task = bar.add_task("counting" if errors.is_terminal else "replay", total=None)
        replay = Replay(options, settings, count=errors.is_terminal, watch=chronicle)
        if chronicle is not None:
            chronicle.begin(replay.engine, replay.identity)
        bar.reset(task, description="replay", completed=replay.engine.plays)
        with stopped_by_signals(replay):
            return replay.run(lambda plays, total: bar.update(task, completed=plays, total=total))


@contextmanager
def stopped_by_signals(replay: Replay) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the run after its record; a second one ends it at once, as a kill would."""

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  as `signal` calls it
        signal.signal(number, signal.SIG_DFL)
        replay.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def report(summary: dict[str, Any], options: Options) -> None:
    """Write the summary where it was asked for, or show it as tables."""
    if written_as_json(summary, options.summary):
        return
    records_on_stdout = any(str(path) == STDIO for path in options.outputs().values())
    console = errors if records_on_stdout else Console()
    for table in tables(summary):
        console.print(table)


@app.command("evaluate")
def evaluate_log(
    decisions: Annotated[
        str, typer.Argument(help="Whole decisions, as segue replay --decisions writes them.")
    ],
    policy: Annotated[
        list[str], typer.Option(help="NAME[:FIELD=VALUE,…][@SNAPSHOT], once for each policy to judge.")
    ],
    feedback: Annotated[str | None, typer.Option(help="The feedback of the same run.")] = None,
    reward_model: Annotated[
        str | None, typer.Option(help="SNAPSHOT that says what tracks are expected to earn, or learning.")
    ] = None,
    format: Annotated[  # noqa: A002  the word users type
        str, typer.Option(help=f"auto or one of {', '.join(FORMATS)}.")
    ] = FOUND_OUT,
    slots: Annotated[int, typer.Option(help="Slots of a slate that are judged, from the first on.")] = 3,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the result here; - for stdout.")
    ] = None,
    report_out: ReportFile = None,
    settings_file: SettingsFile = None,
) -> None:
    """Say what policies that never ran would have earned, from the decisions of one that did.

    SNAPSHOT is a replay's state directory, or a file of policy-snapshot.v1 lines.
    """
    settings = load_settings(settings_file)
    result = evaluate(
        decisions, policy, settings,
        feedback=feedback, reward_model=reward_model, format=format, slots=slots,
    )  # fmt: skip
    answer(result, settings, json_out=json_out, report_out=report_out)


@app.command("import")
def import_log(
    format: Annotated[str, typer.Argument(help=Format)],  # noqa: A002  the word users type
    log: Annotated[str, typer.Argument(help="File, gzip, zip export, folder, or - for stdin.")],
    tracks: Annotated[bool, typer.Option("--tracks", help="The file is a catalogue.")] = False,
    column: Annotated[list[str] | None, typer.Option(help="CSV: FIELD=NAME of its column.")] = None,
) -> None:
    """Turn a foreign log into JSON lines on stdout, in event-time order; odd rows go to stderr."""
    columns = column_names(column or [])
    entries = read_tracks(log, format=format) if tracks else read_log(log, format=format, columns=columns)
    out = sys.stdout.buffer
    for entry in entries:
        target = sys.stderr.buffer if isinstance(entry.record, DeadLetter) else out
        target.write(encode_line(entry.record))
    out.flush()


@app.command()
def demo(
    seed: Annotated[int, typer.Option(min=0, help="Of the world and of everybody's luck.")] = 7,
    days: Annotated[int, typer.Option(min=2, max=365, help="How long the world goes on.")] = 14,
    listeners: Annotated[int, typer.Option(min=10, max=100_000, help="Who lives in it.")] = 300,
    tracks: Annotated[int, typer.Option(min=200, max=100_000, help="What there is to hear.")] = 3_000,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    host: Annotated[
        str, typer.Option(help="Where to serve; beyond loopback nobody writes without a token.")
    ] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any that is free.")] = 8_765,
    token: Annotated[
        str | None, typer.Option(envvar="SEGUE_TOKEN", help="Bearer token, without which nobody writes.")
    ] = None,
    screen: Annotated[
        bool, typer.Option("--screen", help="A live screen in the terminal instead of a page.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines instead of a page: what a pipe gets.")
    ] = False,
    settings_file: SettingsFile = None,
) -> None:
    """Watch a small world being learned, live, and play along: a page in your browser, until Ctrl-C.

    Without a terminal (a pipe, CI), or with --screen or --plain, it runs its minute and ends.
    """
    console = Console()
    world = WorldSettings(seed=seed, listeners=listeners, tracks=tracks, artists=tracks // 8, days=days)
    loaded = load_settings(settings_file)
    if screen or plain or not console.is_terminal:
        show(world, loaded, console, plain=plain or not console.is_terminal)
        return
    try:
        from pipelines.demo.page import serve_town  # noqa: PLC0415  an extra
        from pipelines.page.serving import Address  # noqa: PLC0415
    except ModuleNotFoundError as error:
        console.print(f"{error.name} is not installed: pip install 'segue[page]' opens a page; the terminal:")
        show(world, loaded, console)
        return
    serve_town(world, loaded, console, Address(host, port, token), browser=browser)


@app.command()
def settings(settings_file: SettingsFile = None) -> None:
    """Print the effective settings with their meaning and range."""
    explain(load_settings(settings_file), Console())


def with_options(
    settings: Settings, *, slate: int | None, candidates: int | None, policy: str | None
) -> Settings:
    """Return the settings with what the command line gives on top; another policy starts from its defaults.

    >>> with_options(Settings(), slate=5, candidates=None, policy="greedy")
    Traceback (most recent call last):
    ...
    pipelines.wrong_options.WrongOptions: --policy is 'greedy', expected one of uniform, epsilon_greedy, ...
    """
    changes: dict[str, Any] = {}
    for name, value, least, most in (("--slate", slate, 1, 50), ("--candidates", candidates, 2, 1_000)):
        if value is not None and not least <= value <= most:
            raise WrongOptions(f"{name} is {value}, expected {least} to {most}")
    if slate is not None:
        changes["slates"] = settings.slates.model_copy(update={"limit": slate})
    if candidates is not None:
        changes["candidates"] = settings.candidates.model_copy(update={"limit": candidates})
    if policy is not None and policy not in POLICIES:
        raise WrongOptions(f"--policy is {policy!r}, expected one of {', '.join(POLICIES)}")
    if policy is not None and policy != settings.policy.name:
        changes["policy"] = type(settings.policy)(name=policy)
    return settings.model_copy(update=changes)


def progress_bar() -> Progress:
    """Return a bar on stderr with plays, plays per second and time left; none where nobody looks on."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        PlaysPerSecond(),
        TimeRemainingColumn(),
        console=Console(stderr=True),  # anew: what stderr is may have changed since this was imported
        transient=True,
        disable=not errors.is_terminal,
    )


class PlaysPerSecond(ProgressColumn):
    """The rate of the last while."""

    def render(self, task: Task) -> Text:
        """Return the rate as text."""
        return Text(f"{task.speed or 0:,.0f} plays/s")


if __name__ == "__main__":
    main()
