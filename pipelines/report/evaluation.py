"""The report of an evaluation: what policies that never ran would have earned, as one page."""

from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree.ElementTree import Element

from rich.table import Table

from pipelines.evaluate.report import letters
from pipelines.report.html import document, element, figures, section, table
from pipelines.report.svg import intervals

DRAWN = ("snips", "dr", "ips")  # the first of these that was found is drawn
READING = {
    "decisions, and what their first slots earned": "What was judged, and what was left out and why.",
    "who earns more": "Differences on the same decisions: narrower than the estimates themselves.",
}


def evaluation_report(
    result: Mapping[str, Any], parts: Iterable[Table | str], *, command: str, settings: Mapping[str, str]
) -> str:
    """Return the page; ``parts`` are the same tables and doubts that a terminal shows."""
    names = dict(zip(result["policies"], letters(len(result["policies"])), strict=True))
    found: list[Element] = [
        element("h1", "segue evaluate"),
        element("pre", command),
        figures(_headline(result)),
        *section("Policies", "Judged on decisions that another policy made.", _named(names)),
        *_drawn(result, names),
    ]
    doubts = []
    for part in parts:
        if isinstance(part, Table):
            title = str(part.title).strip()
            reading = next((text for start, text in READING.items() if title.startswith(start)), "")
            found += section(title[:1].upper() + title[1:], reading, _as_html(part))
        elif " = " not in part:
            doubts.append(part)
    if doubts:
        listed = element("ul", *[element("li", doubt) for doubt in doubts])
        found += section("Doubts", "Where a figure should not be leaned on, and why.", listed)
    found += section("Settings", "As they were.", table(["setting", "value"], list(settings.items())))
    return document("segue evaluate", found)


def _headline(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    logged = result["logged"]["first_slot"]["value"]
    return [
        ("decisions", f"{result['decisions']:,}"),
        ("policies", f"{len(result['policies']):,}"),
        ("as logged", "–" if logged is None else f"{logged:.4f}"),
    ]


def _named(names: Mapping[str, str]) -> Element:
    return table(["", "policy"], [(letter, name) for name, letter in names.items()])


def _drawn(result: Mapping[str, Any], names: Mapping[str, str]) -> list[Element]:
    rows, by = [], ""
    for policy, letter in names.items():
        estimates = result["policies"][policy]["first_slot"]
        by = next(name for name in (*DRAWN, *estimates) if name in estimates)
        rows.append(_row(letter, estimates[by]))
    rows.append(_row("as logged", result["logged"]["first_slot"]))
    known = [row for row in rows if row is not None]
    if not known:
        return []
    return section(
        "Reward of the first slot",
        f"By {by.upper()}, with 95 % by bootstrap over listeners.",
        intervals(known, "Estimated reward of the first slot of each policy, with intervals"),
    )


def _row(name: str, estimate: Mapping[str, Any]) -> tuple[str, float, float, float] | None:
    value, (low, high) = estimate["value"], estimate["interval"]
    if value is None:
        return None
    return name, value, value if low is None else low, value if high is None else high


def _as_html(part: Table) -> Element:
    """Return a terminal's table as a page's."""
    columns = [[str(cell) for cell in column.cells] for column in part.columns]
    return table([str(column.header) for column in part.columns], list(zip(*columns, strict=True)))
