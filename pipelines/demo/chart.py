"""Charts as text: curves of dots (eight to a character), and one-line sparks."""

from collections.abc import Sequence

import numpy as np
from rich.text import Text

from numeric.arrays import Floats

SPARKS = "▁▂▃▄▅▆▇█"
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # bits of a braille character, row by row
DASH = "╎"


def spark(values: Sequence[float] | Floats, low: float, high: float) -> str:
    """Return one character for each value, from ``low`` to ``high``.

    >>> spark([0.0, 0.5, 1.0], 0.0, 1.0)
    '▁▅█'
    """
    steps = [round((value - low) / max(high - low, 1e-9) * (len(SPARKS) - 1)) for value in values]
    return "".join(SPARKS[min(max(step, 0), len(SPARKS) - 1)] for step in steps)


def shrunk(values: Floats, length: int) -> Floats:
    """Return at most ``length`` values: means of equal parts."""
    if len(values) <= length:
        return values
    return np.array([part.mean() for part in np.array_split(values, length)])


class Chart:
    """Curves over a common time axis; the last one drawn is on top."""

    def __init__(self, width: int, height: int, low: float, high: float) -> None:
        self.width, self.height = width, height
        self.low, self.high = low, high
        self._bits = np.zeros((height, width), np.int64)
        self._styles = [[""] * width for _ in range(height)]

    def draw(self, values: Floats, spans: int, style: str) -> None:
        """Draw a curve of the first of ``spans`` values that the whole width stands for."""
        if len(values) == 0:
            return
        columns = max(1, round(2 * self.width * len(values) / spans))
        heights = np.interp(np.linspace(0, len(values) - 1, columns), np.arange(len(values)), values)
        share = np.clip((heights - self.low) / (self.high - self.low), 0.0, 1.0)
        rows = np.round((1.0 - share) * (4 * self.height - 1)).astype(int).tolist()
        before = rows[0]
        for x, y in enumerate(rows[: 2 * self.width]):
            for dot in range(min(before, y), max(before, y) + 1):
                self._dot(x, dot, style)
            before = y

    def _dot(self, x: int, y: int, style: str) -> None:
        row, column = y // 4, x // 2
        if self._styles[row][column] != style:  # one colour a character: the last one wins
            self._bits[row, column] = 0
        self._bits[row, column] |= DOTS[y % 4][x % 2]
        self._styles[row][column] = style

    def lines(self, mark: float | None = None, mark_style: str = "red") -> list[Text]:
        """Return the rows with their scale; ``mark`` is a share of the width that gets a dashed line."""
        at = None if mark is None else min(int(mark * self.width), self.width - 1)
        lines = []
        for row in range(self.height):
            value = self.high - (self.high - self.low) * (row + 0.5) / self.height
            line = Text(f"{value:4.2f} │" if row % 2 == 0 else "     │", style="dim")
            for column in range(self.width):
                bits = int(self._bits[row, column])
                if bits:
                    line.append(chr(0x2800 + bits), style=f"not dim {self._styles[row][column]}")
                elif column == at:
                    line.append(DASH, style=f"not dim {mark_style}")
                else:
                    line.append(" ")
            lines.append(line)
        return lines
