"""World: the demo's seeded truth: who listens, to what, and when the world changes."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from bandits.reward import RewardSettings
from pipelines.demo.life import Life
from pipelines.demo.listening import empty_history
from pipelines.demo.music import make_music
from pipelines.demo.names import GENRES, artist_of, title_of
from pipelines.demo.organic import OrganicLog
from pipelines.demo.settings import DAY_MS, WorldSettings
from pipelines.demo.truth import make_truth
from topics.play import Play
from topics.request import Request
from topics.track import Track


class World:
    """A small world that never changes its mind: all policies can be tried in the same one.

    >>> world = World(WorldSettings(listeners=5, tracks=200, artists=40))
    >>> world.catalogue()[0].title
    'Amber Avenue'
    """

    def __init__(self, settings: WorldSettings) -> None:
        self.settings = settings
        self.music = make_music(settings)
        self.truth = make_truth(settings, self.music)
        self.track_ids = tuple(f"track-{k:05d}" for k in range(settings.tracks))
        self.listener_ids = tuple(f"listener-{k:06d}" for k in range(settings.listeners))
        self.start_ms = settings.start_ms
        self.end_ms = settings.start_ms + settings.days * DAY_MS
        self.switch_ms = int(self.truth.switch_ms)

    @cached_property
    def track_number(self) -> dict[str, int]:
        """The number of each track id."""
        return {track_id: k for k, track_id in enumerate(self.track_ids)}

    def switchers(self) -> tuple[str, ...]:
        """Return the listeners who change their genres at ``switch_ms``."""
        changed = (self.truth.genres[:, 0] != self.truth.genres[:, 1]).any(axis=1)
        return tuple(self.listener_ids[k] for k in np.flatnonzero(changed))

    def new_artists(self) -> tuple[str, ...]:
        """Return the artists of whom every track is released during the run."""
        return tuple(f"artist-{k:04d}" for k in np.flatnonzero(self.music.new_artist))

    def catalogue(
        self, released_from_ms: int | None = None, released_before_ms: int | None = None
    ) -> list[Track]:
        """Return the tracks released in this span of time, in the order of their numbers."""
        released_ms = self.truth.released_ms
        wanted = np.ones(released_ms.size, bool)
        if released_from_ms is not None:
            wanted &= released_ms >= released_from_ms
        if released_before_ms is not None:
            wanted &= released_ms < released_before_ms
        return [self._track(int(k)) for k in np.flatnonzero(wanted)]

    def _track(self, k: int) -> Track:
        artist = int(self.music.artist[k])
        return Track(
            track_id=self.track_ids[k],
            title=title_of(k),
            artist_id=f"artist-{artist:04d}",
            artist=artist_of(artist),
            genres=(GENRES[self.music.genre[k]],),
            length_ms=int(self.truth.length_ms[k]),
            released_ms=int(self.truth.released_ms[k]),
        )

    def begin(self, reward_settings: RewardSettings | None = None) -> Life:
        """Return a life in which nobody has heard anything yet; one for each policy."""
        history = empty_history(self.settings.listeners, self.settings.tracks, self.settings.artists)
        names = (self.listener_ids, self.track_ids, self.track_number)
        return Life(self.truth, *names, self.end_ms, history, reward_settings or RewardSettings())

    def log(self, n_plays: int) -> Iterator[Play]:
        """Yield the ended plays of a world in which nobody recommends anything, in event-time order.

        The log goes on past ``end_ms`` if ``n_plays`` needs it.
        """
        return OrganicLog(self.truth, self.listener_ids, self.track_ids, n_plays).ended()

    def log_with_requests(self, n_plays: int) -> Iterator[Play | Request]:
        """Yield the same plays, each with a record as it starts, and a request as each session opens."""
        return OrganicLog(self.truth, self.listener_ids, self.track_ids, n_plays).all_records()
