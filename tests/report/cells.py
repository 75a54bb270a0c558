"""Reading a report's page back: its tables, its headline figures, and whatever it links to."""

from html.parser import HTMLParser


class Cells(HTMLParser):
    """All rows of all tables, and headline figures by their names."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.figures: dict[str, str] = {}
        self.links: list[str] = []
        self._tag, self._name = "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.links += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""

    def handle_data(self, data: str) -> None:
        if self._tag in ("td", "th"):
            self.rows[-1][-1] += data
        if self._tag == "dt":
            self._name = data
        if self._tag == "dd":
            self.figures[self._name] = data

    def row(self, name: str) -> list[str]:
        return next(row for row in self.rows if row[:1] == [name])
