"""The settings page: every effective setting with its value, range and meaning."""

from typing import Any

from msgspec import inspect
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

from pipelines.settings import Policy, Rewards, Settings

BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def explain(settings: Settings, console: Console) -> None:
    """Print all settings, a table for each section of the TOML file."""
    table = _table("(top)")
    for name in ("seed", "mark_key"):
        _add(table, name, "…" if name == "mark_key" else getattr(settings, name), type(settings), name)
    console.print(table)
    for section in type(settings).model_fields:
        part = getattr(settings, section)
        if not isinstance(part, BaseModel):
            continue
        table = _table(f"[{section}]")
        for name in type(part).model_fields:
            _add(table, name, getattr(part, name), type(part), name)
        if isinstance(part, Policy):
            _add_struct(table, part.build())
        elif isinstance(part, Rewards):
            _add_struct(table, part.worth)
        console.print(table)
    console.print("Set them in a TOML file (--settings FILE), or as SEGUE_SECTION__NAME in the environment.")


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", expand=False)
    for column in ("setting", "value", "range", "meaning"):
        table.add_column(column, overflow="fold")
    return table


def _add(table: Table, shown: str, value: Any, model: type[BaseModel], name: str) -> None:
    field = model.model_fields[name]
    bounds = [
        f"{sign} {getattr(rule, bound):,}"
        for rule in field.metadata
        for bound, sign in BOUNDS.items()
        if hasattr(rule, bound)
    ]
    table.add_row(shown, str(value), ", ".join(bounds), field.description or "")


def _add_struct(table: Table, struct: Any) -> None:
    described = inspect.type_info(type(struct))
    assert isinstance(described, inspect.StructType)
    for field in described.fields:
        kind = field.type
        meaning = ""
        if isinstance(kind, inspect.Metadata):
            meaning = str((kind.extra_json_schema or {}).get("description", ""))
            kind = kind.type
        bounds = [
            f"{sign} {getattr(kind, bound):,}"
            for bound, sign in BOUNDS.items()
            if getattr(kind, bound, None) is not None
        ]
        table.add_row(field.name, str(getattr(struct, field.name)), ", ".join(bounds), meaning)
