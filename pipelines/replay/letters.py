"""Letters: what becomes of a record that was read well but could not be used."""

from pipelines.importers import Entry
from topics.codec import encode_line
from topics.dead_letter import DeadLetter, Reason
from topics.erasure import Erasure
from topics.play import Play
from topics.request import Request


def letter_of(
    record: Play | Request | Erasure, entry: Entry, reason: Reason, detail: str, field: str = ""
) -> DeadLetter:
    """Return the dead letter of a record that was read well.

    Its bytes are the untouched line where the format streams, with the file and the line's number; else
    the record that was made of the row, with its place among all records.
    """
    source, line, value = entry.origin or ("listener-events", entry.offset, encode_line(record))
    return DeadLetter(reason, detail, source, line, value, field=field)
