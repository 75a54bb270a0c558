"""Deployments to be measured: topics of their own on one broker, filled from one log."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from pipelines.importers import Entry, read_log
from pipelines.kafka.topics import create
from pipelines.replay.driver import Replay
from pipelines.replay.options import Options
from pipelines.settings import Settings, load_settings
from tests.kafka.broker import free_port

PLAYS = int(os.environ.get("PLAYS", "8000"))
LOG = Path("../shared/data/lastfm_listens.csv.gz")

_numbers = count()


def deployment(folder: Path, bootstrap: str, *, partitions: int, shards: int, history: bool) -> Settings:
    """Make the topics of a deployment that nobody has used."""
    name = f"bench{next(_numbers)}-"
    kafka = {
        "bootstrap": bootstrap, "prefix": name, "history": history, "listener_partitions": partitions,
        "shards": shards, "track_partitions": 2,
    }  # fmt: skip
    worker = {"web_port": free_port(), "state": str(folder / name)}
    settings = load_settings(None, kafka=kafka, worker=worker)
    create(settings.kafka)
    return settings


def learned_views(folder: Path, settings: Settings) -> Path:
    """Return the views that the log's first plays teach, made once."""
    if not (folder / "views").exists():
        Replay(Options(str(LOG), limit=PLAYS, state=folder / "views"), settings).run()
    return folder / "views"


def later_plays(number: int = PLAYS) -> Iterator[Entry]:
    """Yield what comes after those."""
    return islice((entry for entry in read_log(str(LOG)) if entry.offset >= PLAYS), number)
