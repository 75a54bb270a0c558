"""Values: numbers, times and words of foreign rows, whatever type or spelling they come in."""

import math
import re
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from topics.codec import SCHEMA_OF, decode
from topics.dead_letter import Rejected
from topics.play import Play
from topics.track import Track

R = TypeVar("R", Play, Track)
MS_SINCE = 1e11  # a Unix time above it is in milliseconds: as seconds it would be the year 5138
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_FLAGS: dict[str, bool | None] = {"": None, "null": None, "none": None}
_FLAGS |= dict.fromkeys(("True", "true", "1", "1.0", "yes", "t"), True)
_FLAGS |= dict.fromkeys(("False", "false", "0", "0.0", "no", "f"), False)


def number(value: Any, field: str) -> float | int | None:
    """Return a finite number, or None for null and the empty text.

    >>> number(" 30.5 ", "heard_ms"), number(3, "heard_ms"), number("", "heard_ms")
    (30.5, 3, None)
    """
    if value is None or type(value) is int:
        return value
    if type(value) is str:
        text = value.strip()
        if not text or text == "null":
            return None
        if text.isdecimal() and text.isascii() and len(text) < 20:
            return int(text)
        if _NUMBER.fullmatch(text):
            value = float(text)
    if type(value) is float and math.isfinite(value):
        return value
    raise odd(field, value, "a number")


def whole(value: Any, field: str, scale: int = 1) -> int | None:
    """Return ``scale`` times a number, rounded to a whole one.

    >>> whole("1.2345", "heard_s", scale=1000)
    1234
    """
    if type(value) is str and len(value) < 19 and value.isdecimal() and value.isascii():
        return int(value) * scale
    got = number(value, field)
    return got if got is None or (type(got) is int and scale == 1) else round(got * scale)


def time_ms(value: Any, field: str) -> int | None:
    """Return UTC milliseconds of a Unix time (above 1e11 in milliseconds) or an ISO 8601 time.

    A time without a zone is taken as UTC.

    >>> time_ms("2006-08-13T13:59:20Z", "ts"), time_ms(1155477560, "ts"), time_ms(1155477560000, "ts")
    (1155477560000, 1155477560000, 1155477560000)
    """
    if type(value) is str and not _NUMBER.fullmatch(value.strip()):
        text = value.strip()
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise odd(field, value, "a time such as 2024-05-01T12:00:00Z, or Unix seconds") from None
        return utc_ms(at)
    got = number(value, field)
    if got is None:
        return None
    return round(got) if abs(got) > MS_SINCE else round(got * 1000)


def utc_ms(at: datetime) -> int:
    """Return UTC milliseconds; without a zone the time is taken as UTC."""
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def flag(value: Any, field: str) -> bool | None:
    """Return yes or no, or None where nothing is said.

    >>> flag("True", "skipped"), flag(0, "skipped"), flag(None, "skipped")
    (True, False, None)
    """
    if value is None or type(value) is bool:
        return value
    if type(value) is str and value in _FLAGS:
        return _FLAGS[value]
    text = str(value).strip().lower() if type(value) in {str, int, float} else "?"
    if text not in _FLAGS:
        raise odd(field, value, "true, false or null")
    return _FLAGS[text]


def word(value: Any, field: str) -> str | None:
    """Return text without spaces around it, or None where it is empty; a number is its digits.

    >>> word("  Zn Zero ", "title"), word("", "title"), word(17, "track_id")
    ('Zn Zero', None, '17')
    """
    if value is None:
        return None
    if type(value) is int and -(1 << 63) <= value < 1 << 64:
        return str(value)
    if type(value) is not str:
        raise odd(field, value, "text")
    return value.strip() or None


def odd(field: str, value: Any, expected: str) -> Rejected:
    """Return what to raise for a field that cannot be used."""
    return Rejected("invalid", f"{field} is {shown(value)}, expected {expected}", field)


def needed(field: str, expected: str) -> Rejected:
    """Return what to raise for a row that lacks a field.

    >>> needed("ts", "when the play ended").detail
    'ts is missing or empty, expected when the play ended'
    """
    return Rejected("invalid", f"{field} is missing or empty, expected {expected}", field)


def shown(value: Any) -> str:
    """Return a value for an error, at most 80 characters."""
    try:
        text = msgspec.json.encode(value).decode()
    except Exception:  # noqa: BLE001  whatever cannot be encoded (NaN in a key, a lone surrogate) is shown escaped
        text = ascii(value)[:100] if not isinstance(value, int) else "a number of very many digits"
    return text if len(text) <= 80 else text[:77] + "…"


def checked(fields: dict[str, Any], kind: type[R]) -> R:
    """Return the record with these fields; raises `Rejected` as the codec does for such a record.

    >>> checked({"event_id": "e", "listener_id": "ann", "track_id": "t", "started_ms": -5}, Play)
    Traceback (most recent call last):
    ...
    topics.dead_letter.Rejected: started_ms is -5, expected `int` >= 0
    """
    try:
        return msgspec.convert(fields, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        try:
            decode(msgspec.json.encode(fields), SCHEMA_OF[kind])  # says field, what came, what was expected
        except Rejected:
            raise
        except (ValueError, OverflowError, TypeError):
            pass
        raise Rejected("invalid", str(error)) from None
