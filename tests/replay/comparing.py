"""What a run wrote, to be compared with what another one wrote."""

import json
from pathlib import Path
from typing import Any

OUTPUTS = ("scores", "feedback", "decisions", "dead-letters")
TIMED = ("seconds", "plays_per_s", "resumed_at")


def outputs_in(folder: Path) -> list[str]:
    """Return the options that write everything into a folder, made if need be."""
    folder.mkdir(exist_ok=True)
    options = [f"--{name}={folder / name}" for name in OUTPUTS]
    return [*options, "--json", str(folder / "summary")]


def written(folder: Path) -> dict[str, Any]:
    """Return what a run wrote: every file's bytes, and the summary but for what a clock said."""
    found: dict[str, Any] = {name: (folder / name).read_bytes() for name in OUTPUTS}
    summary = json.loads((folder / "summary").read_text())
    return found | {"summary": {name: value for name, value in summary.items() if name not in TIMED}}


def by_listener(lines: bytes) -> dict[str, list[bytes]]:
    """Return each listener's lines, in their order."""
    found: dict[str, list[bytes]] = {}
    for line in lines.splitlines():
        found.setdefault(json.loads(line)["listener_id"], []).append(line)
    return found
