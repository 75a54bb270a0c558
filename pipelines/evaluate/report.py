"""Report: what an evaluation found, as tables for a terminal."""

from collections.abc import Iterator, Mapping
from string import ascii_uppercase
from typing import Any

from rich.table import Table

NAMES = {
    "ips": "IPS",
    "clipped_ips": "clipped IPS",
    "snips": "SNIPS",
    "direct": "direct method",
    "dr": "DR",
    "sndr": "SNDR",
    "switch_dr": "SWITCH-DR",
    "dr_os": "DR-OS",
    "rips": "RIPS",
    "cascade_dr": "cascade-DR",
}


def tables(result: Mapping[str, Any]) -> Iterator[Table | str]:
    """Yield what was judged, estimates of first slot and slate, differences, and what to doubt.

    Policies are called A, B, … in the order of the command line.
    """
    names = dict(zip(result["policies"], letters(len(result["policies"])), strict=True))
    yield "\n".join(f"{letter} = {name}" for name, letter in names.items()) + "\n"
    yield _judged(result, names)
    yield _estimates(result, names, "first_slot", "reward of the first slot")
    if "slate" in next(iter(result["policies"].values())):
        yield _estimates(result, names, "slate", f"reward of a slate, down to slot {result['slots']}")
    yield _differences(result, names)
    for name, found in result["policies"].items():
        for doubt in found["doubts"]:
            yield f"{names[name]}: {doubt}"
        for doubt in found.get("slate_doubts", ()):
            yield f"{names[name]}, slates: {doubt}"


def letters(count: int) -> list[str]:
    """Return what policies are called in a report: A to Z, then numbers."""
    return [ascii_uppercase[k] if k < len(ascii_uppercase) else str(k) for k in range(count)]


def _judged(result: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    table = Table(title="decisions, and what their first slots earned", title_justify="left")
    table.add_column("plays found by")
    for heading in ("decisions", "as logged", *(f"{letter}, SNIPS" for letter in names.values())):
        table.add_column(heading, justify="right")
    for name, part in result["attribution"].items():
        shares = (_number(part["snips"][policy]) for policy in names)
        table.add_row(name, f"{part['decisions']:,}", _number(part["logged"]), *shares)
    snips = (_number(result["policies"][name]["first_slot"]["snips"]["value"]) for name in names)
    logged = _number(result["logged"]["first_slot"]["value"])
    table.add_row("all", f"{result['decisions']:,}", logged, *snips)
    for reason, count in result["left_out"].items():
        table.add_row(f"left out: {reason}", f"{count:,}")
    return table


def _estimates(result: Mapping[str, Any], names: Mapping[str, str], part: str, title: str) -> Table:
    found = [result["policies"][name] for name in names]
    table = Table(title=f"{title}, 95 % by bootstrap over listeners", title_justify="left")
    table.add_column("by")
    for letter in names.values():
        table.add_column(letter, justify="right")
    for estimator in found[0][part]:
        table.add_row(NAMES[estimator], *(_cell(one[part][estimator]) for one in found))
    size = "slate_effective_size" if part == "slate" else "effective_size"
    table.add_row("effective size", *(f"{one[size]:,.0f}" for one in found))
    table.add_row("as logged", _cell(result["logged"][part]))
    return table


def _differences(result: Mapping[str, Any], names: Mapping[str, str]) -> Table:
    found = dict(result["differences"])
    by = NAMES[found.pop("estimator")]
    table = Table(title=f"who earns more in the first slot, by {by}", title_justify="left")
    table.add_column("")
    for heading in ("by", "95 %"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for one, others in found.items():
        for other, difference in others.items():
            low, high = difference["interval"]
            surely = (
                "" if low is None or low <= 0.0 <= high else "surely more" if low > 0.0 else "surely less"
            )
            between = f"{_signed(low)} to {_signed(high)}"
            table.add_row(
                f"{names[other]} than {names.get(one, one)}", _signed(difference["value"]), between, surely
            )
    return table


def _cell(estimate: Mapping[str, Any]) -> str:
    low, high = estimate["interval"]
    return f"{_number(estimate['value'])} [{_number(low)}, {_number(high)}]"


def _number(value: float | None) -> str:
    """Three digits, or four places where they say more.

    >>> _number(0.0046), _number(0.2), _number(None)
    ('.0046', '.200', '–')
    """
    if value is None:
        return "–"
    text = f"{value:.4f}" if abs(value) < 0.1 else f"{value:.3f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 else text


def _signed(value: float | None) -> str:
    if value is None:
        return "–"
    return ("+" if value >= 0 else "−") + _number(abs(value))
