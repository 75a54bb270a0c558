"""Identity: what makes a replay the one it is; only the same one may go on from its checkpoint."""

from collections.abc import Mapping
from pathlib import Path

from pipelines.replay.options import STDIO, Options
from pipelines.settings import Settings
from pipelines.state_directory import flat_settings
from pipelines.views import LAYOUT
from pipelines.wrong_options import WrongOptions

SHOWN_MAX = 5


def identity_of(
    options: Options, settings: Settings, plays: int | None, views: str, warm: str = ""
) -> dict[str, str]:
    """Return name → value of all that the outcome depends on, beside the records.

    ``plays`` is how many the log has, where a share of them was asked for; ``views`` says how far the
    run came whose views are pinned, ``warm`` the same of the one whose state this one begins with. What
    is only read further another time (limit, until), or does not touch the outcome (checkpoints, names of
    output files), is not in it.
    """
    start, until = options.evaluate_from, options.learn_until
    return {
        "the log": _resolved(options.log),
        "--format": options.format,
        "--column": ", ".join(f"{field}={name}" for field, name in sorted(options.columns.items())),
        "--tracks": _resolved(options.tracks),
        "--views": _resolved(options.views) + views,
        "--warm": _resolved(options.warm) + warm,
        "--after": f"{options.after_ms} ms",
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


def _resolved(path: str | Path | None) -> str:
    if path is None:
        return "none"
    return "stdin" if str(path) == STDIO else str(Path(path).resolve())
