"""Commands that run on Apache Beam: `segue beam history`, `segue beam evaluate`, `segue beam stream`.

Beam comes with the extra ``segue[beam]``, so what needs it is imported when it is called.
"""

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines.evaluate.run import judged_by
from pipelines.importers import AUTO, IMPORTERS
from pipelines.replay.options import column_names, time_ms
from pipelines.report.answer import answer, written_as_json
from pipelines.settings import load_settings
from pipelines.wrong_options import WrongOptions

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; see `segue settings`.")]
ReportFile = Annotated[
    Path | None, typer.Option("--report", help="Write one self-contained page of HTML here.")
]
RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"

beam_app = typer.Typer(no_args_is_help=True, help="History and evaluation on Apache Beam, at any size.")
BeamOptions = Annotated[
    list[str] | None,
    typer.Option("--beam", help="An option of Beam or its runner, such as runner=FlinkRunner; repeatable."),
]
Parts = Annotated[
    str | None, typer.Option(help="Any Beam path that all workers reach, for what passes between.")
]
Workers = Annotated[int, typer.Option(help="Processes of the runner on this machine.", min=1)]


@beam_app.command()
def history(
    logs: Annotated[list[str], typer.Argument(help="The files of the log, gzip or not.")],
    out: Annotated[Path, typer.Option(help="State directory to make; `segue replay --warm` begins with it.")],
    tracks: Annotated[str | None, typer.Option(help="A catalogue: JSON lines or CSV.")] = None,
    format: Annotated[  # noqa: A002  the word users type
        str, typer.Option(help=f"auto or one of {', '.join(IMPORTERS)}.")
    ] = AUTO,
    column: Annotated[list[str] | None, typer.Option(help="CSV: FIELD=NAME of its column.")] = None,
    until: Annotated[str | None, typer.Option(help="Pass over records after this time.")] = None,
    dead_letters: Annotated[Path | None, typer.Option(help="Write dead letters here.")] = None,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the counts here; - for stdout.")
    ] = None,
    workers: Workers = 1,
    parts: Parts = None,
    beam: BeamOptions = None,
    settings_file: SettingsFile = None,
) -> None:
    """Fold years of plays into listeners and track facts as of a moment: where a deployment begins."""
    from pipelines.beam_job.history import History, run  # noqa: PLC0415  an extra
    from pipelines.beam_job.shards import shards_of  # noqa: PLC0415

    settings = load_settings(settings_file)
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise WrongOptions(f"--out is {out}, which is there already, expected a new directory")
    shards = shards_of(logs, format, column_names(column or []))
    until_ms = None if until is None else time_ms(until, "--until")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.parts-") as folder:
        wanted = History(shards, out, parts or folder, tracks, until_ms, dead_letters)
        counts = run(wanted, settings, beam_flags(beam or [], workers))
    if written_as_json(counts, json_out):
        return
    table = Table(title=f"history in {out}", show_header=False, title_justify="left")
    for name, count in counts.items():
        shown = sum(count.values()) if isinstance(count, dict) else count
        table.add_row(name.replace("_", " "), f"{shown:,}")
    Console().print(table)


@beam_app.command()
def evaluate(
    decisions: Annotated[list[str], typer.Argument(help="Files of whole decisions, in log order.")],
    feedback: Annotated[list[str], typer.Option(help="A file of the same runs' feedback; repeatable.")],
    policy: Annotated[
        list[str], typer.Option(help="NAME[:FIELD=VALUE,…][@SNAPSHOT], once for each policy to judge.")
    ],
    reward_model: Annotated[
        str | None, typer.Option(help="SNAPSHOT that says what tracks are expected to earn.")
    ] = None,
    slots: Annotated[int, typer.Option(help="Slots of a slate that are judged, from the first on.")] = 3,
    json_out: Annotated[
        Path | None, typer.Option("--json", help="Write the result here; - for stdout.")
    ] = None,
    report_out: ReportFile = None,
    workers: Workers = 1,
    parts: Parts = None,
    beam: BeamOptions = None,
    settings_file: SettingsFile = None,
) -> None:
    """Judge policies as `segue evaluate` does, on decisions of any number in many files."""
    from pipelines.beam_job.evaluation import Judging  # noqa: PLC0415  an extra
    from pipelines.beam_job.evaluation import evaluate as judge  # noqa: PLC0415

    settings = load_settings(settings_file)
    targets, model = judged_by(policy, reward_model, slots, settings)
    judging = Judging(targets, model, slots, settings.seed)
    with tempfile.TemporaryDirectory(prefix="segue-beam-") as folder:
        result = judge(decisions, feedback, judging, parts or folder, beam_flags(beam or [], workers))
    answer(result, settings, json_out=json_out, report_out=report_out)


@beam_app.command()
def stream(
    steps: Annotated[str, typer.Option(help="serve, or serve with learn, with collect, or both.")] = (
        "serve,learn,collect"
    ),
    views: Annotated[
        Path | None,
        typer.Option(help="State directory, as every worker sees it, of a replay whose views do not move."),
    ] = None,
    readers: Annotated[
        int, typer.Option(help="That share the partitions of listener-events; at most one each.", min=1)
    ] = 2,
    since: Annotated[
        str | None,
        typer.Option(help="Where a first start begins, by time of receipt; else at the beginning."),
    ] = None,
    hold_ms: Annotated[
        int, typer.Option(help="How long a reader gathers before it hands over.", min=0, max=10_000)
    ] = 100,
    detach: Annotated[bool, typer.Option("--detach", help="Return once it is submitted.")] = False,
    beam: BeamOptions = None,
    settings_file: SettingsFile = None,
) -> None:
    """Run serve, learn and collect between Kafka's topics on Flink or another runner, until Ctrl-C."""
    from pipelines.beam_job.stream import Stream, run, steps_of  # noqa: PLC0415  an extra
    from pipelines.kafka.topics import check  # noqa: PLC0415

    settings = load_settings(settings_file)
    if not any(option.removeprefix("--").startswith("runner=") for option in beam or []):
        raise WrongOptions(
            "no runner is given, expected one that streams, such as that of make flink: --beam "
            "runner=PortableRunner --beam job_endpoint=localhost:8099 --beam environment_type=LOOPBACK"
        )
    if views is None:
        raise WrongOptions(
            "no --views are given, expected the state directory of a replay: streaming with views that move "
            "has not been proven yet; segue worker learns as it goes"
        )
    if settings.kafka.password.get_secret_value():
        raise WrongOptions(
            "kafka.password is given by value, expected kafka.password_file, a path as every worker sees it: "
            "the settings travel inside the pipeline, which runners show"
        )
    from_ms = None if since is None else time_ms(since, "--since")
    wanted = Stream(steps_of(steps), views, readers, from_ms, hold_ms)
    check(settings.kafka)
    result = run(wanted, settings, beam_flags(beam or [], 1))
    if detach:
        return
    try:
        result.wait_until_finish()
    except KeyboardInterrupt:
        result.cancel()


def beam_flags(given: list[str], workers: int) -> list[str]:
    """Return Beam's own options as its parser takes them; without a runner, ours in this machine.

    >>> beam_flags(["runner=FlinkRunner", "streaming"], workers=1)
    ['--runner=FlinkRunner', '--streaming']
    """
    flags = [f"--{option.removeprefix('--')}" for option in given]
    if any(flag.startswith("--runner=") for flag in flags):
        return flags
    flags.append(f"--runner={RUNNER}")
    if workers > 1:
        flags += [f"--direct_num_workers={workers}", "--direct_running_mode=multi_processing"]
    return flags
