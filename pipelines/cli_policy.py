"""Commands on the versions of a policy that a replay's state directory keeps."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from bandits.snapshot import evidence_of
from bandits.version import make_version
from pipelines import versions
from pipelines.settings import DAY_MS, load_settings
from topics.policy_snapshot import PolicySnapshot

State = Annotated[Path, typer.Argument(help="State directory of a replay.")]
Number = Annotated[int, typer.Argument(help="Number of a kept version.")]
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="TOML file; see `segue settings`.")]
WEIGHTS_SHOWN = 20

policy_app = typer.Typer(
    no_args_is_help=True, help="The kept versions of a policy: list, show, pin, roll back."
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(policy_app, name="policy")


@policy_app.command("list")
def list_versions(state: State) -> None:
    """List the versions that are kept, the newest last, and which is in use."""
    found = versions.listed(state)
    table = Table(title="kept versions", title_justify="left")
    for heading in ("version", "as of (UTC)", "rows", "policy", ""):
        table.add_column(heading, justify="right" if heading in {"version", "rows"} else "left")
    for kept in found.kept:
        snapshot = kept.rewards
        mark = "" if snapshot.version != found.in_use else "in use, pinned" if found.pinned else "in use"
        table.add_row(
            str(snapshot.version), _moment(snapshot), f"{snapshot.rows:,.0f}", snapshot.policy, mark
        )
    Console().print(table)


@policy_app.command()
def show(state: State, version: Number, settings_file: SettingsFile = None) -> None:
    """Show what a version has learned: its largest weights, by context and column."""
    snapshot, settings = versions.kept_version(state, version).rewards, load_settings(settings_file)
    evidence = evidence_of(snapshot, int(settings.learning.half_life_days * DAY_MS))
    weights = make_version([evidence], settings.learning.prior, want_covariance=False).weights
    console = Console()
    console.print(
        f"version {snapshot.version} of {snapshot.policy}, as of {_moment(snapshot)}, {snapshot.rows:,.0f} "
        f"rows, layout {snapshot.layout}, {len(snapshot.alarms)} alarms",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    table = Table(title=f"the {WEIGHTS_SHOWN} largest of {weights.size} weights", title_justify="left")
    table.add_column("context × column")
    table.add_column("weight", justify="right")
    for place in np.argsort(-np.abs(weights), axis=None, kind="stable")[:WEIGHTS_SHOWN]:
        i, j = divmod(int(place), weights.shape[1])
        table.add_row(f"{snapshot.context_names[i]} × {snapshot.pair_names[j]}", f"{weights[i, j]:+.4f}")
    console.print(table)


@policy_app.command()
def pin(state: State, version: Number) -> None:
    """Let a kept version decide from here on; learning goes on beside it."""
    versions.pin(state, version)
    typer.echo(f"version {version} decides until segue policy unpin {state}")


@policy_app.command()
def unpin(state: State) -> None:
    """Let the newest version decide again, from the next one on."""
    versions.unpin(state)
    typer.echo("the next version that is made decides")


@policy_app.command()
def rollback(state: State, version: Number) -> None:
    """Go back to a kept version: it decides, and learning goes on from it."""
    versions.roll_back(state, version)
    typer.echo(f"version {version} decides; what was learned since is forgotten")


def _moment(snapshot: PolicySnapshot) -> str:
    return datetime.fromtimestamp(snapshot.newest_ms / 1_000, UTC).strftime("%Y-%m-%d %H:%M")
