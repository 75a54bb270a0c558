"""The settings page: every effective setting with its meaning and range, as a TOML file to start from."""

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from msgspec import NODEFAULT, Struct, inspect, to_builtins
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from pipelines.settings import Policy, Rewards, Settings

BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
SECRET = ("mark_key", "password")
HEAD = (
    "# Give a file like this one with --settings FILE; what it leaves out keeps its default.",
    "# The environment wins over the file: SEGUE_SLATES__LIMIT=5 sets limit in [slates].",
)
WIDTH = 34  # of name and value, so that the comments line up


def explain(settings: Settings, console: Console) -> None:
    """Print all settings; what is printed is TOML that gives the same settings."""
    for line in page(settings):
        setting, mark, comment = line.partition("# ")
        styled = Text(setting, style="bold" if setting.startswith("[") else "")
        console.print(styled.append(mark + comment, style="dim"), soft_wrap=True)


def page(settings: Settings) -> Iterator[str]:
    """Yield the page's lines.

    >>> [line for line in page(Settings()) if line.startswith("limit")]
    ['limit = 100                       # candidates of a decision; ≥ 2, ≤ 1,000',
     'limit = 10                        # slots of a slate, unless the request says so; ≥ 1, ≤ 50']
    """
    yield from HEAD
    yield ""
    for name, value in settings:
        if not isinstance(value, BaseModel):
            yield from _of_model(settings, name)
    for section, part in settings:
        if not isinstance(part, BaseModel):
            continue
        yield ""
        yield f"[{section}]"
        for name in type(part).model_fields:
            yield from _of_model(part, name)
        if isinstance(part, Policy):
            yield from _of_struct(part.build())
        elif isinstance(part, Rewards):
            yield from _of_struct(part.worth)


def _of_model(model: BaseModel, name: str) -> Iterator[str]:
    field, value = type(model).model_fields[name], getattr(model, name)
    ranges = [", ".join(filter(None, map(_bounds, field.metadata)))]
    if get_origin(field.annotation) is Literal:
        ranges.append("one of " + ", ".join(get_args(field.annotation)))
    yield _line(name, value, field.description or "", ranges, field.default)


def _of_struct(struct: Any) -> Iterator[str]:
    described = inspect.type_info(type(struct))
    assert isinstance(described, inspect.StructType)
    for field in described.fields:
        kind, meaning = field.type, ""
        if isinstance(kind, inspect.Metadata):
            meaning = str((kind.extra_json_schema or {}).get("description", ""))
            kind = kind.type
        yield _line(field.name, getattr(struct, field.name), meaning, [_bounds(kind)], field.default)


def _line(name: str, value: Any, meaning: str, ranges: list[str], default: Any) -> str:
    if name in SECRET:
        text = f"# {name} is not shown"
        return f"{text:<{WIDTH}}# {meaning}"
    text = f"{name} = {toml(value)}"
    changed = [] if value == default or default is NODEFAULT else [f"default {toml(default)}"]
    notes = "; ".join(part for part in (meaning, *ranges, *changed) if part)
    return f"{text:<{WIDTH - 1}} # {notes}" if notes else text


def toml(value: Any) -> str:
    """Return a value as TOML has it, structs and mappings on one line.

    >>> toml({"share": 0.05, "name": "river"})
    '{ share = 0.05, name = "river" }'
    """
    if isinstance(value, Struct):
        value = to_builtins(value)
    if not isinstance(value, dict):
        return json.dumps(value)
    inner = ", ".join(f"{name} = {toml(part)}" for name, part in value.items())
    return f"{{ {inner} }}" if inner else "{}"


def _bounds(rule: Any) -> str:
    found = {sign: getattr(rule, bound, None) for bound, sign in BOUNDS.items()}
    return ", ".join(f"{sign} {_number(value)}" for sign, value in found.items() if value is not None)


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"
