"""Log: the entries that a replay takes, as far as it was asked to read, from where it stopped before."""

from collections.abc import Iterator
from itertools import islice

from pipelines.importers import Entry, read_log
from pipelines.replay.options import Options
from pipelines.wrong_options import WrongOptions
from topics.codec import encode_line
from topics.ids import name_of
from topics.play import Play


def entries_of(options: Options) -> Iterator[Entry]:
    """Yield the log's entries up to ``limit`` and to the first record later than ``until_ms``.

    Records up to ``after_ms`` are passed over; what has no time of its own is not.
    """
    entries = read_log(options.log, format=options.format, columns=options.columns)
    until_ms, after_ms = options.until_ms, options.after_ms
    for entry in islice(entries, options.limit):
        if until_ms is not None and getattr(entry.record, "at_ms", 0) > until_ms:
            return
        if after_ms is not None and getattr(entry.record, "at_ms", after_ms + 1) <= after_ms:
            continue
        yield entry


def count_plays(options: Options) -> int:
    """Return how many records of plays will be read."""
    return sum(isinstance(entry.record, Play) for entry in entries_of(options))


def entries_after(options: Options, offset: int, mark: str) -> Iterator[Entry]:
    """Yield the entries after an offset (−1: all), where stood what `mark_of` gave then.

    A log may have grown since, nothing else: raises `WrongOptions` if another record stands there, or
    none.
    """
    entries = entries_of(options)
    last: Entry | None = None
    while last is None or last.offset < offset:
        if offset < 0:
            break
        last = next(entries, None)
        if last is None:
            raise WrongOptions(
                f"{options.log} ends before record {offset}, where {options.state} stands (--limit and "
                "--until count); resume with the log that was read, or start with an empty state directory"
            )
    if last is not None and mark_of(last) != mark:
        raise WrongOptions(
            f"record {offset} of {options.log} is not the one that {options.state} has read last: the log "
            "was changed, expected it as it was or longer; start with an empty state directory"
        )
    yield from entries


def mark_of(entry: Entry | None) -> str:
    """Return a digest of an entry's record, empty for none."""
    return "" if entry is None else name_of(encode_line(entry.record).decode())
