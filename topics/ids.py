"""Ids: what may name a listener, a track or an event, and how names are made and hashed."""

import re
from hashlib import blake2b
from typing import Annotated

from msgspec import Meta

ID_BYTES_MAX = 64
TIME_MS_MAX = 4_102_444_800_000

NO_CONTROL = {"pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"}  # checked below, where a message can name it

Id = Annotated[str, Meta(min_length=1, max_length=ID_BYTES_MAX, extra_json_schema=NO_CONTROL)]
"""1 to 64 bytes of UTF-8 without control characters; `check_id_bytes` checks what the schema cannot.

Ids are compared byte for byte: no case, form or space is made equal to another.
"""

TimeMs = Annotated[int, Meta(ge=0, le=TIME_MS_MAX)]
"""UTC milliseconds since 1970, up to the year 2100."""


_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def check_id_bytes(**ids: str | None) -> None:
    """Refuse ids that are short in characters but long in bytes, no UTF-8 at all, or hold control characters.

    Names are joined with one (`name_of`), so an id that held it could pass for two; terminals obey others.

    >>> check_id_bytes(track_id="é" * 40)
    Traceback (most recent call last):
    ...
    ValueError: track_id has 80 bytes of UTF-8, expected at most 64
    """
    for name, value in ids.items():
        if value is None or (value.isascii() and value.isprintable()):
            continue
        if control := _CONTROL.search(value):
            raise ValueError(
                f"{name} holds the control character U+{ord(control[0]):04X}, expected text without any"
            )
        try:
            length = len(value.encode())
        except UnicodeEncodeError:
            raise ValueError(f"{name} is not UTF-8 (a lone surrogate), expected text") from None
        if length > ID_BYTES_MAX:
            raise ValueError(f"{name} has {length} bytes of UTF-8, expected at most {ID_BYTES_MAX}")


def key_of(name: str) -> int:
    """Return the 64-bit key of a name: the same on every machine, in every run, never zero.

    >>> hex(key_of("track-1"))
    '0x3e502955e69c9602'
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little") or 1


def name_of(*parts: str | int) -> str:
    """Return a name of 16 hexadecimal digits for several parts; their borders count.

    >>> name_of("ab", "c") == name_of("a", "bc")
    False
    """
    return blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).hexdigest()
