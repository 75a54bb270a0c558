"""Importers: foreign logs and catalogues become entries, in log order; one file for each format.

To add one, write ``pipelines/importers/<name>.py`` with an `Importer` and put its name in `IMPORTERS`.
"""

from collections.abc import Iterator, Mapping
from itertools import chain

from pipelines.importers.archive import sources_of
from pipelines.importers.columns import CSV
from pipelines.importers.entry import Entry, Found, Importer, Origin, Record
from pipelines.importers.jsonl import JSONL
from pipelines.importers.lastfm import LASTFM
from pipelines.importers.listenbrainz import LISTENBRAINZ
from pipelines.importers.mssd import MSSD
from pipelines.importers.order import in_event_time, numbered
from pipelines.importers.sessions import SESSIONS
from pipelines.importers.source import ImportFailed, Source
from pipelines.importers.spotify import SPOTIFY
from pipelines.importers.spotify_account import SPOTIFY_ACCOUNT
from pipelines.importers.tracks import CATALOGUES
from topics.dead_letter import DeadLetter

__all__ = [
    "CATALOGUES",
    "IMPORTERS",
    "Entry",
    "ImportFailed",
    "Importer",
    "Origin",
    "Record",
    "read_log",
    "read_tracks",
    "sniff",
]

IMPORTERS: dict[str, Importer] = {
    "jsonl": JSONL,
    "spotify": SPOTIFY,
    "spotify-account": SPOTIFY_ACCOUNT,
    "listenbrainz": LISTENBRAINZ,
    "lastfm": LASTFM,
    "mssd": MSSD,
    "sessions": SESSIONS,
    "csv": CSV,
}
"""Asked in this order by ``auto``: the first that knows a file reads it."""

AUTO = "auto"


def read_log(path: str, *, format: str = AUTO, columns: Mapping[str, str] | None = None) -> Iterator[Entry]:  # noqa: A002
    """Yield the entries of a log: each row one record, odd rows as dead letters with line numbers.

    ``path`` is a file, gzip or not, a zip export, a folder of export files, or ``-`` for stdin. Our
    own JSON lines stream in the order they stand; every other format comes in event-time order.
    ``columns`` says which column holds a field where its name does not (see `columns.ALIASES`).
    Raises `ImportFailed` where a file as a whole cannot be read, OSError where there is none.
    """
    return _read(path, format, columns or {}, IMPORTERS)


def read_tracks(path: str, *, format: str = AUTO) -> Iterator[Entry]:  # noqa: A002  the word users type
    """Yield the tracks of a catalogue: our own JSON lines, or CSV with named columns."""
    return _read(path, format, {}, CATALOGUES)


def sniff(path: str) -> str:
    """Return the name of the format that a path holds; raises `ImportFailed` if none knows it."""
    return _chosen(path, AUTO, IMPORTERS)[0]


def _read(
    path: str, name: str, columns: Mapping[str, str], importers: dict[str, Importer]
) -> Iterator[Entry]:
    name, sources, foreign = _chosen(path, name, importers)
    importer = importers[name]
    unknown = sorted(set(columns) - set(importer.takes))
    if unknown:
        may = ", ".join(importer.takes) or "none"
        raise ImportFailed(f"columns name {', '.join(unknown)}, expected for {name} some of: {may}")
    found = importer.read(sources, columns)
    if not importer.export:
        found = chain(found, (_unread(source, name) for source in foreign))
    return numbered(found if importer.ordered else in_event_time(found))


def _chosen(path: str, name: str, importers: dict[str, Importer]) -> tuple[str, list[Source], list[Source]]:
    """Return the format's name and, of what the path holds, the files that are of it and the others."""
    if name != AUTO and name not in importers:
        raise ImportFailed(f"format is {name!r}, expected {AUTO} or one of {', '.join(importers)}")
    sources = sources_of(path)
    if name != AUTO and len(sources) == 1:
        return name, sources, []  # asked for by name: its rows will say what is wrong with them
    heads = [source.head() for source in sources]
    if not any(heads):
        return name if name != AUTO else next(iter(importers)), [], []  # an empty file is an empty log
    for choice in importers if name == AUTO else [name]:
        knows = importers[choice].knows
        known = [knows(source.name, head) for source, head in zip(sources, heads, strict=True)]
        if any(known):
            foreign = [s for s, head, yes in zip(sources, heads, known, strict=True) if head and not yes]
            return choice, [s for s, yes in zip(sources, known, strict=True) if yes], foreign
    if name != AUTO:
        return name, sources, []
    names = ", ".join(source.name for source in sources[:5])
    formats = "; ".join(f"{choice} ({importer.what})" for choice, importer in importers.items())
    raise ImportFailed(
        f"{path} holds nothing of a known format (it has {names}), expected one of {formats}; name the "
        "format, and for CSV its columns"
    )


def _unread(source: Source, name: str) -> Found:
    """Return what stands for a file beside others that is not of their format."""
    detail = f"the file does not look like {name}, as the files beside it do: none of it was read"
    return Found(DeadLetter("invalid", detail, source.name, 1, b""))
