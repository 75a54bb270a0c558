"""Commands on what is known of one listener: everything in a readable form, and to be forgotten."""

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from pipelines.credit import mark_of
from pipelines.export import exported
from pipelines.importers import Entry
from pipelines.listener import restore_listener
from pipelines.listeners import FAMILY, body_of
from pipelines.settings import Settings, load_settings
from pipelines.state_directory import opened
from pipelines.wrong_options import WrongOptions
from state.keys import key
from topics.erasure import Erasure

SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; see `segue settings`.")]
ListenerId = Annotated[str, typer.Argument(help="The listener's id, as plays name it.")]
OF_LISTENERS = ("listener-events", "scores", "decisions", "feedback", "dead-letters")
ANONYMOUS = ("tracks", "track-events", "track-facts", "recent-plays", "policy-snapshots")

listener_app = typer.Typer(no_args_is_help=True, help="What is known of one listener.")


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(listener_app, name="listener")
    app.command("erase")(erase)


@listener_app.command("export")
def export(
    listener: ListenerId,
    state: Annotated[
        Path | None, typer.Option(help="State directory of a replay; without it, the deployment on Kafka.")
    ] = None,
    settings_file: SettingsFile = None,
) -> None:
    """Print all that is known of a listener as JSON: plays and decisions kept, and records on topics."""
    settings = load_settings(settings_file)
    found = _in_directory(listener, state) if state is not None else _in_deployment(listener, settings)
    typer.echo(json.dumps(found, indent=1, ensure_ascii=False))


def erase(
    listener: ListenerId,
    settings_file: SettingsFile = None,
) -> None:
    """Let a listener be forgotten, and say what ends when."""
    from pipelines.kafka.produce import produce  # noqa: PLC0415
    from pipelines.kafka.topics import topics_of  # noqa: PLC0415

    settings = load_settings(settings_file)
    try:
        erasure = Erasure(listener, time.time_ns() // 1_000_000)
        msgspec.convert(msgspec.to_builtins(erasure), Erasure)
    except (ValueError, msgspec.ValidationError) as error:
        raise WrongOptions(f"the listener cannot be named: {error}") from None
    produce(iter([Entry(erasure, 0, None)]), settings.kafka)
    table = Table(title=f"{listener} is being forgotten", title_justify="left")
    table.add_column("where")
    table.add_column("gone by (UTC)")
    table.add_row("state, decisions that wait", "as soon as serve reads the erasure")
    table.add_row("what policies learned of them", "with the next version of their shard")
    for name, topic in topics_of(settings.kafka).items():
        if name not in ANONYMOUS:
            table.add_row(topic.name, _day(erasure.at_ms + topic.gone_ms))
    console = Console()
    console.print(table)
    console.print(f"Without a name, and fading, stay: {', '.join(ANONYMOUS)}.")


def _in_directory(listener: str, state: Path) -> dict[str, Any]:
    with opened(state) as store:
        value = store.get(key(FAMILY, listener))
    if value is None:
        raise WrongOptions(f"nothing is known of listener {listener!r} in {state}")
    return _exported(listener, value)


def _in_deployment(listener: str, settings: Settings) -> dict[str, Any]:
    from pipelines.kafka.errors import explained  # noqa: PLC0415
    from pipelines.kafka.read import read  # noqa: PLC0415
    from pipelines.kafka.tail import as_json, concerns, records_of  # noqa: PLC0415
    from pipelines.kafka.topics import topics_of  # noqa: PLC0415
    from pipelines.live_page.workers import Workers  # noqa: PLC0415
    from pipelines.page.problems import Problem  # noqa: PLC0415

    async def ask() -> bytes | None:
        async with Workers(settings) as workers:
            kept = await workers.kept(listener)
            return None if kept is None else kept.state

    try:
        value = asyncio.run(ask())
    except Problem as problem:
        raise WrongOptions(str(problem)) from None
    found: dict[str, Any] = {"listener_id": listener} if value is None else _exported(listener, value)
    mark = mark_of(listener, settings)
    with explained(settings.kafka):
        found["records"] = {
            name: [
                json.loads(as_json(record))
                for record in records_of(read(topics_of(settings.kafka)[name].name, settings.kafka), name)
                if concerns(record, listener, mark)
            ]
            for name in OF_LISTENERS
        }
    return found


def _exported(listener: str, value: bytes) -> dict[str, Any]:
    names: list[str] = []

    def handle(track_id: str) -> int:
        names.append(track_id)
        return len(names) - 1

    return exported(listener, restore_listener(body_of(value, listener), handle), names)


def _day(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).strftime("%Y-%m-%d")
