"""Pinned views: what another replay has learned, read from its state directory, never to move."""

from pathlib import Path

from pipelines.replay import checkpoint
from pipelines.replay.identity import check_views, identity_of
from pipelines.replay.options import Options, WrongOptions
from pipelines.settings import Settings
from pipelines.views import Views
from state.rocks import open_store


def pinned_views(path: Path, options: Options, settings: Settings) -> tuple[Views, str]:
    """Return the views in a state directory, which will not move, and a note of how far they came."""
    store = open_store(path)
    try:
        done = checkpoint.read_progress(store)
        if done is None:
            raise WrongOptions(
                f"--views is {path}, which holds no replay's state; make it with "
                f"segue replay LOG --state {path}"
            )
        check_views(done.run, identity_of(options, settings, None, ""), path)
        views = Views(settings)
        checkpoint.restore_views(views, store, done, settings)
    finally:
        store.close()
    return views, f" as of record {done.offset}, {done.mark}"
