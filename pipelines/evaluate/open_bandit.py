"""Open Bandit Data: one shown item a row, with its propensity at its position."""

from collections import Counter
from collections.abc import Iterator

import numpy as np

from numeric.arrays import Singles
from pipelines.evaluate.question import Closed, Judge, Question, WrongLog, asked
from pipelines.importers.archive import sources_of
from pipelines.importers.source import ImportFailed
from pipelines.importers.table import Table
from topics.dead_letter import DeadLetter
from topics.ids import key_of

POSITIONS = 3
NEEDED = ("item_id", "position", "click", "propensity_score")
AFFINITY = "user-item_affinity_"


class OpenBanditLog:
    """The CSV of the Open Bandit Dataset; every row is a decision of one slot, seen, with a click or not.

    Candidates are all items (there is a column of affinities for each). Context: one, and the position;
    columns: one, the affinity, and the item itself. A row's propensity is that of the item at its
    position, so positions are judged apart, as independent inverse propensity scoring does.
    Source: Saito, Aihara, Matsutani & Narita (2021), "Open Bandit Dataset and Pipeline".
    """

    def __init__(self, path: str) -> None:
        self.left_out: Counter[str] = Counter()
        (source,) = sources_of(path)
        self._name = source.name
        self._table = Table(source)
        header = self._table.header
        lacking = [name for name in NEEDED if name not in header]
        self._affinities = [place for place, name in enumerate(header) if name.startswith(AFFINITY)]
        if lacking or not self._affinities:
            raise ImportFailed(
                f"{self._name} has no column {', '.join(lacking) or AFFINITY + '0'}; expected those of the "
                f"Open Bandit Dataset, among them {', '.join(NEEDED)} and {AFFINITY}0…"
            )
        self.items = len(self._affinities)
        self.layout = f"open-bandit-{self.items}"

    @property
    def context_names(self) -> tuple[str, ...]:
        """Names of the context's columns."""
        return ("one", *(f"position_{k}" for k in range(2, POSITIONS + 1)))

    @property
    def pair_names(self) -> tuple[str, ...]:
        """Names of a candidate's columns."""
        return ("one", "affinity", *(f"item_{k}" for k in range(self.items)))

    def closed(self, judge: Judge) -> Iterator[Closed]:
        """Yield each row."""
        at = {name: self._table.header.index(name) for name in NEEDED}
        for number, cells, _ in self._table.rows():
            if isinstance(cells, DeadLetter):
                raise WrongLog(self._name, number, cells.detail)
            item = self._whole(number, "item_id", cells[at["item_id"]], 0, self.items - 1)
            position = self._whole(number, "position", cells[at["position"]], 1, POSITIONS)
            click = self._whole(number, "click", cells[at["click"]], 0, 1)
            propensity = _number(cells[at["propensity_score"]])
            if not 0.0 < propensity <= 1.0:
                came = cells[at["propensity_score"]]
                raise WrongLog(
                    self._name, number, f"propensity_score is {came!r}, expected a number in (0, 1]"
                )
            affinity = np.array([_number(cells[place]) for place in self._affinities], np.float32)
            if not np.isfinite(affinity).all():
                place = self._affinities[int(np.argmin(np.isfinite(affinity)))]
                detail = f"{self._table.header[place]} is {cells[place]!r}, expected a number"
                raise WrongLog(self._name, number, detail)
            key = key_of(f"{self._name}\x1f{number}")
            context = np.array([1.0, position == 2, position == 3], np.float32)
            columns, slate = self._columns(affinity), np.array([item])
            question = Question(self.layout, key, key, context, columns, slate, np.array([propensity]))
            opinions = asked(judge, question, self._name, number)
            yield Closed(opinions, np.array([float(click)]), key, propensity, "decision_id")

    def _columns(self, affinity: Singles) -> Singles:
        columns = np.zeros((self.items, 2 + self.items), np.float32)
        columns[:, 0] = 1.0
        columns[:, 1] = affinity
        np.fill_diagonal(columns[:, 2:], 1.0)
        return columns

    def _whole(self, number: int, name: str, cell: str, least: int, most: int) -> int:
        try:
            value = int(cell)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise WrongLog(
                self._name, number, f"{name} is {cell!r}, expected a whole number from {least} to {most}"
            )
        return value


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan
