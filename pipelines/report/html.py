"""HTML as a tree: text is escaped by whoever writes it out, so a title can be any string."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, tostring

NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

STYLE = Path(__file__).with_name("style.css")

Child = Element | str


def element(tag: str, /, *children: Child, **attributes: object) -> Element:
    """Return an element; underscores in names of attributes stand for hyphens, ``class_`` for class.

    >>> tostring(element("p", "a < b ", element("b", "c"), class_="quiet")).decode()
    '<p class="quiet">a &lt; b <b>c</b></p>'
    """
    made = Element(tag, {key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items()})
    last: Element | None = None
    for child in children:
        if isinstance(child, Element):
            made.append(child)
            last = child
        elif last is None:
            made.text = (made.text or "") + _clean(child)
        else:
            last.tail = (last.tail or "") + _clean(child)
    return made


def _clean(text: str) -> str:
    """Leave out what no document may hold, such as a null character."""
    return NOT_XML.sub("\ufffd", text)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], *, best: int | None = None) -> Element:
    """Return a table, the row numbered ``best`` emphasised."""
    head = element("tr", *[element("th", heading, scope="col") for heading in headings])
    body = [
        element("tr", *[element("td", cell) for cell in row], class_="best" if number == best else "")
        for number, row in enumerate(rows)
    ]
    whole = element("table", element("thead", head), element("tbody", *body))
    return element("div", whole, class_="wide", tabindex="0")


def figures(pairs: Iterable[tuple[str, str]]) -> Element:
    """Return headline figures."""
    return element(
        "dl", *[element("div", element("dt", name), element("dd", value)) for name, value in pairs],
        class_="figures",
    )  # fmt: skip


def section(title: str, explanation: str, *children: Child) -> list[Element]:
    """Return a heading, a line that says how to read what follows, and what follows."""
    return [
        element("h2", title),
        element("p", explanation, class_="quiet"),
        *[child if isinstance(child, Element) else element("p", child) for child in children],
    ]


def document(title: str, children: Iterable[Element]) -> str:
    """Return a whole page, which asks nothing of any network."""
    style = element("style")
    style.text = STYLE.read_text()
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element(
            "meta",
            http_equiv="Content-Security-Policy",
            content="default-src 'none'; style-src 'unsafe-inline'",
        ),
        element("title", title),
        style,
    )
    page = element("html", head, element("body", element("main", *children)), lang="en")
    return "<!doctype html>\n" + tostring(page, encoding="unicode", method="html") + "\n"
