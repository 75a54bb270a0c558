"""Warm start: a run that begins with what another one left: listeners, facts, and what was learned."""

from itertools import chain, islice
from pathlib import Path

from msgspec.structs import replace

from pipelines.listeners import FAMILY
from pipelines.replay import checkpoint
from pipelines.replay.engine import Engine
from pipelines.settings import Settings
from pipelines.state_directory import EVIDENCE, IN_USE, check_views, read_progress
from pipelines.wrong_options import WrongOptions
from state.keys import key, prefix
from state.rocks import open_store
from state.store import Store

COPIED = (
    *(prefix(family) for family in (FAMILY, "track", "facts", "recent", "newest")),
    *(key("run", name) for name in (*EVIDENCE, *IN_USE)),
)
AT_A_TIME = 1_000  # entries written at once


class WarmStart:
    """A state directory to begin with. It does not change; counts and quality begin anew.

    Raises `WrongOptions` where it holds no run, or one that counted in other units.
    """

    def __init__(self, path: Path, settings: Settings) -> None:
        self._path = path
        store = open_store(path)
        try:
            done = read_progress(store)
        finally:
            store.close()
        if done is None:
            raise WrongOptions(
                f"--warm is {path}, which holds no run's state; make it with segue beam history LOG --out "
                f"{path}, or segue replay LOG --state {path}"
            )
        check_views(done.run, settings, path)
        self._done = replace(done, plays=0, met=0, learned=0, counts={}, learning=True)
        self.mark = f" as of {done.plays} plays, record {done.offset}, {done.mark}"

    def begin(self, engine: Engine, store: Store) -> None:
        """Copy what is known into the run's own store, and put the engine there."""
        source = open_store(self._path)
        try:
            entries = chain.from_iterable(source.scan(start) for start in COPIED)
            while changes := dict(islice(entries, AT_A_TIME)):
                store.write(changes)
        finally:
            source.close()
        checkpoint.restore(engine, store, self._done)
