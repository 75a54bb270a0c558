"""Pinned views: what a run has learned, read from its state directory, never to move."""

from pathlib import Path

from pipelines.settings import Settings
from pipelines.state_directory import check_views, read_progress, restore_views
from pipelines.views import Views
from pipelines.wrong_options import WrongOptions
from state.rocks import open_store


def pinned_views(path: Path, settings: Settings) -> tuple[Views, str]:
    """Return the views in a state directory, which will not move, and a note of how far they came."""
    store = open_store(path)
    try:
        done = read_progress(store)
        if done is None:
            raise WrongOptions(
                f"--views is {path}, which holds no replay's state; make it with "
                f"segue replay LOG --state {path}"
            )
        check_views(done.run, settings, path)
        views = Views(settings)
        restore_views(views, store, done, settings)
    finally:
        store.close()
    return views, f" as of record {done.offset}, {done.mark}"
