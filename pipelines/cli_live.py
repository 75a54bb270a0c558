"""Commands of a live deployment: topics, produce, tail, dead letters.

Kafka's clients come with the extra ``segue[faust]``, so what needs them is imported when it is called.
"""

import sys
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipelines.credit import mark_of
from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.importers import AUTO, IMPORTERS, Entry, read_log, read_tracks
from pipelines.live_settings import Kafka
from pipelines.pinned import pinned_views
from pipelines.replay.options import column_names, time_ms
from pipelines.settings import load_settings
from pipelines.wrong_options import WrongOptions

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; see `segue settings`.")]
Reason = "late, future, invalid, not_json, unknown_schema or failed"

DEMO, DEMO_PLAYS = "demo", 1_000_000

topics_app = typer.Typer(no_args_is_help=True, help="The topics of this deployment, by the registry.")
letters_app = typer.Typer(no_args_is_help=True, help="Records that could not be used.")


def add_to(app: typer.Typer) -> None:
    """Add the live commands to the command line."""
    app.add_typer(topics_app, name="topics")
    app.add_typer(letters_app, name="dead-letters")
    app.command("produce")(produce)
    app.command("tail")(tail)
    app.command("worker")(worker)
    app.command("page")(page)


@topics_app.command("create")
def create_topics(settings_file: SettingsFile = None) -> None:
    """Make the topics that are missing."""
    from pipelines.kafka.topics import create  # noqa: PLC0415

    made, there = create(load_settings(settings_file).kafka)
    for name in made:
        typer.echo(f"made {name}")
    typer.echo(f"{len(made)} topics made, {len(there)} were there")


@topics_app.command("check")
def check_topics(settings_file: SettingsFile = None) -> None:
    """Say what is missing or not as the registry has it; exit code 2 if anything is."""
    from pipelines.kafka.topics import check, topics_of  # noqa: PLC0415

    settings = load_settings(settings_file).kafka
    check(settings)
    typer.echo(f"all {len(topics_of(settings))} topics are as they must be")


def produce(
    log: Annotated[
        str, typer.Argument(help="A log: file, gzip, zip export, folder, - for stdin, or demo: its world.")
    ],
    tracks: Annotated[str | None, typer.Option(help="A catalogue, sent first: JSON lines or CSV.")] = None,
    format: Annotated[  # noqa: A002  the word users type
        str, typer.Option(help=f"auto or one of {', '.join(IMPORTERS)}.")
    ] = AUTO,
    column: Annotated[list[str] | None, typer.Option(help="CSV: FIELD=NAME of its column.")] = None,
    rate: Annotated[float | None, typer.Option(help="Records a second.", min=0.001)] = None,
    speed: Annotated[
        float | None,
        typer.Option(help="Seconds of event time in a second: 60 is an hour a minute.", min=1e-6),
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Move event times: the first record is now.")] = False,
    limit: Annotated[int | None, typer.Option(help="Send at most this many records.", min=1)] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Send a log to Kafka, keyed by listener."""
    from pipelines.kafka.produce import Pace, Produced  # noqa: PLC0415
    from pipelines.kafka.produce import produce as send  # noqa: PLC0415

    if rate is not None and speed is not None:
        raise WrongOptions("--rate and --speed are both given, expected one pace; leave one out")
    settings = load_settings(settings_file).kafka
    done = Produced(0, 0)
    if tracks is not None:
        done = send(read_tracks(tracks), settings)
    if log == DEMO:
        entries = demo_entries(DEMO_PLAYS)
    else:
        entries = read_log(log, format=format, columns=column_names(column or []))
    more = send(islice(entries, limit), settings, Pace(rate, speed, now))
    unread = f", {done.dead + more.dead} could not be read" if done.dead + more.dead else ""
    typer.echo(f"{done.records + more.records} records sent{unread}")


def demo_entries(plays: int) -> Iterator[Entry]:
    """Yield the catalogue of the demo's world, then so many plays of people who listen alone."""
    world = World(WorldSettings())
    for offset, record in enumerate(chain(world.catalogue(), world.log_with_requests(plays))):
        yield Entry(record, offset, None)


def tail(
    topic: Annotated[str, typer.Argument(help="scores, decisions, feedback or dead-letters.")] = "scores",
    listener: Annotated[str | None, typer.Option(help="Only what concerns this listener.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False,
    follow: Annotated[bool, typer.Option(help="Wait for more.")] = True,
    since: Annotated[
        str | None, typer.Option(help="A time such as 2025-01-31, or `start`; else from now on.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="End after this many.", min=1)] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Show what goes over a topic: only what is committed."""
    from pipelines.kafka.errors import explained  # noqa: PLC0415
    from pipelines.kafka.read import read  # noqa: PLC0415
    from pipelines.kafka.tail import TAILED, as_json, as_text, concerns, records_of  # noqa: PLC0415
    from pipelines.kafka.topics import topics_of  # noqa: PLC0415

    if topic not in TAILED:
        raise WrongOptions(f"topic is {topic!r}, expected one of {', '.join(TAILED)}")
    settings = load_settings(settings_file)
    from_ms = None if since in (None, "start") else time_ms(str(since), "--since")
    # Without --since there is nothing before now to be shown, unless nobody waits for what comes.
    records = read(
        topics_of(settings.kafka)[topic].name,
        settings.kafka,
        from_ms=from_ms,
        follow=follow,
        from_end=since is None and follow,
    )
    wanted = records_of(records, topic)
    if listener is not None:
        mark = mark_of(listener, settings)
        wanted = (record for record in wanted if concerns(record, listener, mark))
    with explained(settings.kafka):
        try:
            for record in islice(wanted, limit):
                sys.stdout.write((as_json(record) if json else as_text(record)) + "\n")
                sys.stdout.flush()
        except KeyboardInterrupt:
            return


def fetch_log(path: Path, settings: Kafka, *, start: str | None, until: str | None) -> None:
    """Write ``listener-events`` into a file for replay, from a time or from offsets by partition on."""
    from pipelines.kafka.history import fetch  # noqa: PLC0415

    offsets = offsets_of(start)
    from_ms = time_ms(start, "--kafka-from") if start is not None and offsets is None else None
    until_ms = None if until is None else time_ms(until, "--until")
    if path.exists():
        raise WrongOptions(f"{path} exists, expected a new file for what comes from Kafka; name another one")
    count = fetch(path, settings, start=offsets, from_ms=from_ms, until_ms=until_ms)
    typer.echo(f"{count} records fetched into {path}", err=True)


def offsets_of(text: str | None) -> dict[int, int] | None:
    """Read offsets by partition; None if the text is none of that.

    >>> offsets_of("0:12,1:7"), offsets_of("2025-01-31")
    ({0: 12, 1: 7}, None)
    """
    pairs = [part.split(":") for part in (text or "").split(",")]
    if not all(len(pair) == 2 and pair[0].isdigit() and pair[1].isdigit() for pair in pairs):
        return None
    return {int(partition): int(offset) for partition, offset in pairs}


@letters_app.command("retry")
def retry_letters(
    reason: Annotated[list[str] | None, typer.Option(help=f"{Reason}; more than once.")] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Send dead letters back to their source; a later run goes on where this one ended."""
    from pipelines.kafka.retry import retry  # noqa: PLC0415

    settings = load_settings(settings_file)
    sent, passed = retry(settings.kafka, settings.worker.application, reason or ["failed"])
    Console().print(f"{sent} sent back, {passed} of other reasons passed over")


def worker(
    steps: Annotated[str, typer.Option(help="What to host: serve, learn and collect, or some of them.")] = (
        "serve,learn,collect"
    ),
    views: Annotated[
        Path | None, typer.Option(help="State directory of a replay whose views do not move.")
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Run one worker on Kafka until SIGTERM: plays in, scores out, learning as it goes."""
    from pipelines.faust_worker.app import run  # noqa: PLC0415
    from pipelines.faust_worker.assembly import STEPS  # noqa: PLC0415

    wanted = [step.strip() for step in steps.split(",") if step.strip()]
    unknown = [step for step in wanted if step not in STEPS]
    if unknown or not wanted:
        raise WrongOptions(f"--steps is {steps!r}, expected one or more of {', '.join(STEPS)}, with commas")
    settings = load_settings(settings_file)
    pinned = None if views is None else pinned_views(views, settings)[0]
    run(settings, wanted, pinned)


def page(
    host: Annotated[
        str, typer.Option(help="Where to serve; beyond loopback nobody writes without a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any that is free.")] = 8_765,
    token: Annotated[
        str | None, typer.Option(envvar="SEGUE_TOKEN", help="Bearer token, without which nobody writes.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = False,
    views: Annotated[
        Path | None, typer.Option(help="State directory of pinned views, where workers have --views.")
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Serve the page and the HTTP API over Kafka until Ctrl-C: plays onto its log, scores and why back."""
    from pipelines.live_page.serve import serve_live  # noqa: PLC0415
    from pipelines.page.serving import Address  # noqa: PLC0415

    settings = load_settings(settings_file)
    pinned = None if views is None else pinned_views(views, settings)[0]
    serve_live(settings, Console(), Address(host, port, token), browser=browser, pinned=pinned)
