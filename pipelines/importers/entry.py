"""Entry: one record of a log at its place; what every importer gives, and how importers are listed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from pipelines.importers.naming import Names
from pipelines.importers.source import Source
from topics.dead_letter import DeadLetter
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request
from topics.track import Track

Record = Play | Request | Erasure | Track | DeadLetter

Origin = tuple[str, int, bytes]
"""Source, line from 1, and untouched bytes of a record, for the dead letter it may yet become."""


class Entry(NamedTuple):
    """A record, and where and when its log has it."""

    record: Record
    offset: int  # 0, 1, 2, … in the order of effect
    received_ms: int | None  # when the log received it, where the file says so
    origin: Origin | None = None  # only of formats that stream: others would have to hold all their rows


class Found(NamedTuple):
    """What an importer read from one row, in the order of the file."""

    record: Record
    names: Names | None = None  # what the row calls the play's track, where it says
    received_ms: int | None = None
    origin: Origin | None = None


Columns = Mapping[str, str]
"""Field → column, for files whose columns have their own names; ``{"listener": "@ann"}`` is a constant."""


class Importer(NamedTuple):
    """How one format is recognised and read.

    ``knows`` is asked with a file's name and its first bytes (up to 64 KiB). ``read`` gives one
    `Found` for each row, odd rows as dead letters.
    """

    what: str  # the format in a few words, for help and errors
    knows: Callable[[str, bytes], bool]
    read: Callable[[Iterable[Source], Columns], Iterator[Found]]
    ordered: bool = False  # in log order by construction: they stream; else sorted by event time in memory
    export: bool = False  # its archives hold files of other kinds, too, which are passed over
    takes: tuple[str, ...] = ()  # the fields that ``columns`` may name
