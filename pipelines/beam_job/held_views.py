"""HeldViews: the views of one process, shared by all its threads; pinned, or kept current from the topics."""

import logging
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from pipelines.kafka.follow import Followed
from pipelines.kafka.topic_views import VIEWED, TopicViews
from pipelines.kafka.topics import topics_of
from pipelines.pinned import pinned_views
from pipelines.settings import Settings
from pipelines.views import Views
from state.store import StoreError

log = logging.getLogger(__name__)

RECORDS_MAX = 500  # applied before anybody else has a turn
WAIT_MS, BACKOFF_S = 200, 1.0
LOCKED_S = 60.0  # that another process of ours may take to read the same directory


class HeldViews:
    """Who serves holds ``lock`` for a record: views are changed by steps, and by what others have learned."""

    def __init__(self, views: Views, *, pinned: bool) -> None:
        self.views, self.pinned = views, pinned
        self.lock = threading.RLock()
        self.ready = threading.Event()
        self.fault: BaseException | None = None


def held(settings: Settings, pinned: Path | None) -> HeldViews:
    """Return views that do not move, or those that topics tell, once what they tell now is known."""
    if pinned is not None:
        return HeldViews(_read(pinned, settings), pinned=True)
    views = HeldViews(Views(settings), pinned=False)
    threading.Thread(target=_follow, args=(weakref.ref(views), settings), daemon=True).start()
    views.ready.wait()
    if views.fault is not None:
        raise views.fault
    return views


def _read(path: Path, settings: Settings) -> Views:
    ends_s = time.monotonic() + LOCKED_S
    while True:
        try:
            return pinned_views(path, settings)[0]
        except StoreError as error:
            if error.fault != "locked" or time.monotonic() > ends_s:
                raise
        time.sleep(0.2)


def _follow(found: Callable[[], HeldViews | None], settings: Settings) -> None:
    """Read on until nobody has the views any more, through every failure that passes."""
    while found() is not None:
        try:
            _read_on(found, settings)
        except Exception as error:
            log.exception("views cannot be read, trying again in %.0f s", BACKOFF_S)
            held = found()
            if held is not None and not held.ready.is_set():
                held.fault = error
                held.ready.set()
                return
            del held
            time.sleep(BACKOFF_S)


def _read_on(found: Callable[[], HeldViews | None], settings: Settings) -> None:
    held, topics = found(), topics_of(settings.kafka)
    if held is None:
        return
    views, lock, ready = held.views, held.lock, held.ready
    del held
    told = TopicViews(views, topics["feedback"].partitions, settings)
    readers = {name: Followed(topics[name].name, settings.kafka) for name in VIEWED}
    waiting = set(VIEWED)
    try:
        places = {
            name: reader.starts(list(range(topics[name].partitions)), None)
            for name, reader in readers.items()
        }
        while found() is not None:
            for name, reader in readers.items():
                records = list(reader.poll(places[name], WAIT_MS // len(readers), RECORDS_MAX))
                for record in records:
                    places[name][record.partition] = record.offset + 1
                if records:
                    with lock:
                        told.take(name, records)
                elif all(reader.at_end(partition) for partition in places[name]):
                    waiting.discard(name)
            if told.news and (wanted := told.wanted()):
                made = told.made(wanted)
                with lock:
                    views.version, views.skips = made
            if not waiting:
                ready.set()
    finally:
        for reader in readers.values():
            reader.close()
