"""Shards: a log that lies in many files, each read by one worker, in the order that replay reads them."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from msgspec import Struct

from pipelines.importers import AUTO, IMPORTERS, Entry, read_log, sniff
from topics.codec import encode_line
from topics.dead_letter import DeadLetter
from topics.track import Track


class Shard(Struct, frozen=True):
    """One file of the log, and its place among the others."""

    number: int
    path: str
    format: str
    columns: dict[str, str]

    def entries(self) -> Iterator[Entry]:
        """Yield the file's entries, odd rows as dead letters."""
        return read_log(self.path, format=self.format, columns=self.columns)

    @property
    def ordered(self) -> bool:
        """Whether its records take effect as they stand, not by event time."""
        return IMPORTERS[self.format].ordered


class Place(NamedTuple):
    """Where in the log order a record stands; compares as it is."""

    order_ms: int  # event time, where the format goes by it; else 0
    shard: int
    offset: int


def shards_of(paths: list[str], format: str, columns: Mapping[str, str]) -> list[Shard]:  # noqa: A002
    """Return one shard for each path; raises `ImportFailed` or OSError for one that cannot be read."""
    return [
        Shard(number, path, sniff(path) if format == AUTO else format, dict(columns))
        for number, path in enumerate(paths)
    ]


def place_of(entry: Entry, shard: Shard) -> Place:
    """Return where an entry stands among those of all shards."""
    order_ms = 0 if shard.ordered else getattr(entry.record, "at_ms", 0)
    return Place(order_ms, shard.number, entry.offset)


def line_of(entry: Entry) -> tuple[str, int, bytes]:
    """Return source, line and bytes of a record, untouched where the format gives them."""
    assert not isinstance(entry.record, Track | DeadLetter)
    return entry.origin or ("listener-events", entry.offset, encode_line(entry.record))
