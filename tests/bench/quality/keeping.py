"""Keeping: what was found out stays in build/quality, named after the engine that found it."""

import json
import os
from collections.abc import Callable
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tests.bench.quality.measuring import measured
from tests.bench.quality.runs import Run

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("SEGUE_DATA", ROOT.parent / "shared" / "data"))
FOUND = ROOT / "build" / "quality"


@cache
def engine_digest() -> str:
    """Return a digest of all that decides what a replay finds."""
    digest = blake2b(digest_size=6)
    for room in ("bandits", "candidates", "features", "numeric", "pipelines", "topics"):
        for path in sorted((ROOT / room).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def kept(name: str, find: Callable[[], Any]) -> Any:
    """Find something out, unless it was found before with today's engine."""
    path = FOUND / engine_digest() / f"{name}.json"
    if not path.exists():
        found = find()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found))
        print(f"{name}: done", flush=True)
    return json.loads(path.read_text())


def replayed(name: str, run: Run) -> Any:
    """Replay a run, unless that was done before."""
    return kept(name.replace("/", " "), partial(measured, run, DATA))
