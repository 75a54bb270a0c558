"""Pictures as SVG: curves, dots against the diagonal, and bars with intervals; words say what they show."""

from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element

from pipelines.report.html import element

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 760, 56, 12, 12, 30
KINDS = "abcde"


def legend(names: Sequence[str]) -> Element:
    """Return which line is whose."""
    return element(
        "p",
        *[
            element(
                "span",
                element("svg", element("line", x1=0, x2=20, y1=5, y2=5, class_=kind), viewBox="0 0 20 10"),
                name,
            )
            for name, kind in zip(names, KINDS, strict=False)
        ],
        class_="legend",
    )


def curves(
    series: Mapping[str, Sequence[float]], xs: Sequence[float], label: str, *, x_name: str, height: int = 260
) -> Element:
    """Return one line a series over common xs, the scale from 0 or a little below the least."""
    values = [value for line in series.values() for value in line] or [0.0]
    low, high = min(0.0, *values), max(*values, 1e-6) * 1.08
    right = max(*xs, 1e-9)
    made = _frame(height, label)
    _grid(made, height, low, high)
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        made.append(
            element(
                "text", f"{share * right:,.0f}" + (f" {x_name}" if share == 1.0 else ""),
                x=_x(share), y=height - 8, text_anchor="end" if share == 1.0 else "middle",
            )
        )  # fmt: skip
    for line, kind in zip(series.values(), KINDS, strict=False):
        points = " ".join(
            f"{_x(x / right):.1f},{_y((value - low) / (high - low), height):.1f}"
            for x, value in zip(xs, line, strict=True)
        )
        made.append(element("polyline", points=points, class_=f"curve {kind}"))
    return made


def against_diagonal(points: Sequence[tuple[float, float, float]], label: str) -> Element:
    """Return dots (expected, earned, weight in [0, 1]) in the unit square beside the diagonal."""
    height = 300
    made = _frame(height, label)
    _grid(made, height, 0.0, 1.0)
    for share in (0.0, 0.5, 1.0):
        made.append(element("text", f"{share:.1f}", x=_x(share), y=height - 8, text_anchor="middle"))
    diagonal = {"x1": _x(0), "x2": _x(1), "y1": _y(0, height), "y2": _y(1, height)}
    made.append(element("line", **diagonal, class_="grid"))
    for expected, earned, weight in points:
        made.append(
            element(
                "circle", cx=f"{_x(expected):.1f}", cy=f"{_y(earned, height):.1f}",
                r=f"{3 + 9 * weight**0.5:.1f}", class_="a",
            )
        )  # fmt: skip
    return made


def intervals(rows: Sequence[tuple[str, float, float, float]], label: str) -> Element:
    """Return a bar for each (name, value, low, high) from 0, with a line from low to high."""
    step, name_width = 22, 150
    height = step * len(rows) + 10
    made = _frame(height, label)
    low = min([0.0, *[row[2] for row in rows]])
    high = max([1e-9, *[row[3] for row in rows]])

    def x(value: float) -> float:
        return name_width + (WIDTH - name_width - RIGHT) * (value - low) / (high - low)

    made.append(element("line", x1=x(0), x2=x(0), y1=0, y2=height, class_="grid"))
    for number, (name, value, least, most) in enumerate(rows):
        y = number * step + 8
        kind = "a" if value >= 0 else "less"
        left, right = sorted((x(0), x(value)))
        made.append(element("text", name, x=name_width - 10, y=y + 10, text_anchor="end"))
        made.append(
            element("rect", x=f"{left:.1f}", width=f"{right - left:.1f}", y=y, height=12, rx=2, class_=kind)
        )
        middle = {"y1": y + 6, "y2": y + 6}
        made.append(element("line", x1=f"{x(least):.1f}", x2=f"{x(most):.1f}", **middle, class_="e"))
    return made


def _frame(height: int, label: str) -> Element:
    return element("svg", viewBox=f"0 0 {WIDTH} {height}", role="img", aria_label=label)


def _x(share: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * share


def _y(share: float, height: int) -> float:
    return TOP + (height - TOP - BOTTOM) * (1.0 - min(max(share, 0.0), 1.0))


def _grid(made: Element, height: int, low: float, high: float) -> None:
    for share in (0.0, 0.5, 1.0):
        y = _y(share, height)
        made.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        made.append(
            element("text", f"{low + share * (high - low):.2f}", x=LEFT - 8, y=y + 4, text_anchor="end")
        )
