"""Explain: turn what msgspec says about bytes it cannot read into field, what came, what was expected."""

from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from topics.dead_letter import Rejected

SHOWN_MAX = 80


def explained(value: bytes, error: Exception, record: type[Struct]) -> Rejected:
    """Return why these bytes are no such record; the message stays below 400 characters.

    Wants the error that `msgspec.json` raised on them.
    """
    if not isinstance(error, msgspec.ValidationError):
        return Rejected("not_json", f"the value is not JSON ({error})")
    problem, _, path = str(error).partition(" - at `$")
    path = path.removesuffix("`").removeprefix(".")
    name = path or "the record"
    came = shown_at(value, path)
    is_what_came = f"{name} is {came}" if came else name
    if problem.startswith("Expected "):
        expected = problem.removeprefix("Expected ")
        return Rejected("invalid", f"{is_what_came}, expected {expected}", path)
    if problem.startswith("Object missing required field `"):
        missing = problem.split("`")[1]
        field = f"{path}.{missing}" if path else missing
        return Rejected("invalid", f"{field} is missing, expected a value", field)
    if problem.startswith("Invalid enum value"):
        choices = ", ".join(str(choice) for choice in get_args(get_type_hints(record).get(path)))
        return Rejected("invalid", f"{is_what_came}, expected one of {choices}", path)
    if problem.startswith("Invalid base64"):
        return Rejected("invalid", f"{is_what_came}, expected bytes in base64", path)
    if problem.startswith("Number out of range"):
        return Rejected("invalid", f"{name} is beyond ±1.8e308, expected a number that fits 64 bits", path)
    field = path or problem.partition(" ")[0]  # a record's own check: its message begins with the field
    return Rejected("invalid", problem, field)


def shown_at(value: bytes, path: str) -> str:
    """Return what stands at a path such as ``slots[2].reward``, as JSON cut to 80 characters.

    >>> shown_at(b'{"slots":[{"reward":2}]}', "slots[0].reward")
    '2'

    Nothing where it cannot be found: msgspec names no keys of mappings.
    """
    try:
        came: Any = msgspec.json.decode(value)
        for part in path.replace("[", ".[").split("."):
            if part:
                came = came[int(part[1:-1])] if part.startswith("[") else came[part]
        return cut(msgspec.json.encode(came).decode())
    except (LookupError, TypeError, ValueError, RecursionError, msgspec.MsgspecError):
        return ""


def cut(text: str) -> str:
    """Return the text, its end left out if it is longer than 80 characters."""
    return text if len(text) <= SHOWN_MAX else text[: SHOWN_MAX - 1] + "…"
