"""JSON Schemas of all records, for whoever produces or reads them: ``python -m topics.schemas FOLDER``."""

import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from topics.codec import SCHEMAS

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of the records under this schema header.

    >>> json_schema("erasure.v1")["$defs"]["Erasure"]["required"]
    ['listener_id', 'at_ms']
    """
    schema = msgspec.json.schema(SCHEMAS[name])
    for part in schema["$defs"].values():
        part["description"] = prose(part["description"])
    return {"$schema": DIALECT, "title": name} | schema


def documents() -> dict[str, bytes]:
    """Return the content of every schema file by its name, such as ``play.v1.json``."""
    return {
        f"{name}.json": msgspec.json.format(msgspec.json.encode(json_schema(name)), indent=2) + b"\n"
        for name in SCHEMAS
    }


def prose(docstring: str) -> str:
    """Return a docstring without indentation, and without its example: that is for readers of Python."""
    return cleandoc(docstring.partition(">>>")[0]).strip()


def write(folder: Path) -> list[str]:
    """Write every schema into a folder, delete those of records that are gone; return what changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = documents()
    changed = []
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
            changed.append(path.name)
    for name, content in wanted.items():
        path = folder / name
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            changed.append(name)
    return sorted(changed)


if __name__ == "__main__":  # pragma: no cover (a line of arguments)
    print("\n".join(write(Path(sys.argv[1]))) or "all schemas were current")  # noqa: T201 (its answer)
