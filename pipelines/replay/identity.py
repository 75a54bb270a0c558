"""Identity: what makes a replay the one it is; only the same one may go on from its checkpoint."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pipelines.replay.options import STDIO, Options, WrongOptions
from pipelines.settings import LIVE, Settings
from pipelines.views import LAYOUT
from topics.ids import name_of

SHOWN_MAX = 5
HIDDEN = "mark_key"
SHAPES_VIEWS = ("facts.", "learning.half_life_days")
"""Units of the numbers inside views: another run that pins them must have the same. Columns are realigned."""


def identity_of(options: Options, settings: Settings, plays: int | None, views: str) -> dict[str, str]:
    """Return name → value of all that the outcome depends on, beside the records.

    ``plays`` is how many the log has, where a share of them was asked for; ``views`` says how far the
    run came whose views are pinned. What is only read further another time (limit, until), or does not
    touch the outcome (checkpoints, names of output files), is not in it.
    """
    start, until = options.evaluate_from, options.learn_until
    return {
        "the log": _resolved(options.log),
        "--format": options.format,
        "--column": ", ".join(f"{field}={name}" for field, name in sorted(options.columns.items())),
        "--tracks": _resolved(options.tracks),
        "--views": _resolved(options.views) + views,
        "--view-lag": str(options.view_lag),
        "--evaluate-from": f"{start.share}, {start.at_ms} ms",
        "--learn-until": "never" if until is None else f"{until.share}, {until.at_ms} ms",
        "--openers": options.openers,
        "--ask-openers": str(options.ask_openers),
        "baselines": str(options.baselines),
        "plays of the log, of which a share was asked for": str(plays),
        "columns of the evidence": LAYOUT,
        **flat_settings(settings),
    }


def flat_settings(settings: Settings) -> dict[str, str]:
    """Return every setting that may touch an outcome by its full name; of a secret only a digest."""
    return dict(_flat("", settings.model_dump(mode="json", exclude=set(LIVE))))


def check_same(before: Mapping[str, str], now: Mapping[str, str], state: Path | None) -> None:
    """Raise `WrongOptions` that names what differs from the run whose checkpoint this is."""
    differ = [
        f"  {name} is {now.get(name, 'not known')}, was {before.get(name, 'not known')}"
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    ]
    if not differ:
        return
    more = [f"  and {len(differ) - SHOWN_MAX} more"] if len(differ) > SHOWN_MAX else []
    raise WrongOptions(
        "\n".join(
            [
                f"{state} holds another run; resume it with the options it was begun with, or start with an "
                "empty state directory:",
                *differ[:SHOWN_MAX],
                *more,
            ]
        )
    )


def check_views(before: Mapping[str, str], now: Mapping[str, str], views: Path | None) -> None:
    """Raise `WrongOptions` if the run that made views counted in other units than this one."""
    differ = [
        f"  {name} is {now.get(name)}, was {value} when they were made"
        for name, value in sorted(before.items())
        if name.startswith(SHAPES_VIEWS) and now.get(name) != value
    ]
    if differ:
        raise WrongOptions("\n".join([f"the views in {views} cannot be read with these settings:", *differ]))


def _resolved(path: str | Path | None) -> str:
    if path is None:
        return "none"
    return "stdin" if str(path) == STDIO else str(Path(path).resolve())


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(f"{prefix}{name}.", value)
        elif name == HIDDEN:
            yield name, "digest " + name_of(HIDDEN, str(value))
        else:
            yield prefix + name, str(value)
