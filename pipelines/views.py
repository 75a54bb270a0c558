"""Views: the read-only knowledge that serve decides with, and the workspace of its kernels."""

import numpy as np
import numpy.typing as npt

from bandits.evidence import Evidence
from bandits.policy import as_of
from bandits.river_version import version_for
from bandits.version import Version, make_version
from candidates.shortlist import ENTRY
from features.context import CONTEXT
from features.listener.covisits import PLACES, VOTED_MAX
from features.listener.layout import BY_ARTIST, OWN, SUMMARY, VOTE
from features.pair import PAIR
from features.track.recent import RecentPlays
from features.track.table import TrackTable
from numeric.arrays import Floats, Singles, bytes_of
from pipelines.settings import Settings
from pipelines.skips import Skips
from topics.ids import name_of

CONTEXT_NAMES, PAIR_NAMES = tuple(CONTEXT), tuple(PAIR)
LAYOUT = name_of("layout", *CONTEXT_NAMES, "|", *PAIR_NAMES)[:8]
DAY_MS = 86_400_000


Handles = npt.NDArray[np.int32]


class Workspace:
    """Scratch memory that one decision writes and reads; nothing survives in it.

    A row of ``own`` and ``by_artist`` counts only if it carries the present stamp, so nothing is ever
    cleared. What is named ``…_bytes`` is the same memory as bytes, for kernels. Shapes: candidates, sources,
    means and low_keys (m,), context (C,), columns (m, P); of the slots of a slate drawn (2, k), figures
    (4, k) and slot_columns (k, P), as `candidates.taking` fills them.
    """

    def __init__(self) -> None:
        self.stamp = 0
        self.own: npt.NDArray[np.void] = np.zeros(0, OWN)
        self.by_artist: npt.NDArray[np.void] = np.zeros(0, BY_ARTIST)
        self.summary = np.zeros(1, SUMMARY)
        self.votes: npt.NDArray[np.void] = np.zeros(0, VOTE)
        self.vote_bytes = bytes_of(self.votes)
        self.voted = np.zeros(VOTED_MAX + PLACES, np.int32)
        self.shortlist = np.zeros(1_000, ENTRY)
        self.own_bytes, self.by_artist_bytes = bytes_of(self.own), bytes_of(self.by_artist)
        self.summary_bytes, self.shortlist_bytes = bytes_of(self.summary), bytes_of(self.shortlist)
        self.candidates: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self.sources: npt.NDArray[np.uint8] = np.zeros(0, np.uint8)
        self.means = np.zeros(0)
        self.low_keys: npt.NDArray[np.uint16] = np.zeros(0, "<u2")
        self.context: npt.NDArray[np.float32] = np.zeros(len(CONTEXT_NAMES), np.float32)
        self.columns: npt.NDArray[np.float32] = np.zeros((0, len(PAIR_NAMES)), np.float32)
        self.drawn: npt.NDArray[np.int32] = np.zeros((2, 0), np.int32)
        self.figures = np.zeros((4, 0))
        self.slot_columns: npt.NDArray[np.float32] = np.zeros((0, len(PAIR_NAMES)), np.float32)

    def next_stamp(self, table: TrackTable) -> int:
        """Return a stamp never used before, with rows for all tracks and artists of the table."""
        if len(self.own) < len(table.tracks):
            self.own = np.zeros(len(table.tracks), OWN)
            self.own_bytes = bytes_of(self.own)
            self.votes = np.zeros(len(table.tracks), VOTE)
            self.vote_bytes = bytes_of(self.votes)
        if len(self.by_artist) <= len(table.artists):
            self.by_artist = np.zeros(2 * len(table.artists) + 1, BY_ARTIST)
            self.by_artist_bytes = bytes_of(self.by_artist)
        self.stamp += 1
        return self.stamp

    def make_room(self, candidates: int, slots: int) -> None:
        """Make sure that so many candidates and slots fit."""
        if len(self.slot_columns) < slots:
            self.drawn = np.zeros((2, slots), np.int32)
            self.figures = np.zeros((4, slots))
            self.slot_columns = np.zeros((slots, len(PAIR_NAMES)), np.float32)
        if len(self.candidates) < candidates:
            self.candidates = np.zeros(candidates, np.int32)
            self.sources = np.zeros(candidates, np.uint8)
            self.means = np.zeros(candidates)
            self.low_keys = np.zeros(candidates, "<u2")
            self.columns = np.zeros((candidates, len(PAIR_NAMES)), np.float32)

    def hand_over(self, n: int) -> tuple[Handles, npt.NDArray[np.uint8], Singles, Floats]:
        """Return n candidates, their sources, columns and means, uncopied, and take fresh memory."""
        given = self.candidates[:n], self.sources[:n], self.columns[:n], self.means[:n]
        self.candidates = np.empty(len(self.candidates), np.int32)
        self.sources = np.empty(len(self.sources), np.uint8)
        self.columns = np.empty(self.columns.shape, np.float32)
        self.means = np.empty(len(self.means))
        return given


class Views:
    """What serve reads beside the listener's own state: tracks, and the version that decides."""

    def __init__(self, settings: Settings) -> None:
        self.table = new_table(settings)
        self.recent = RecentPlays(settings.facts.recent_plays)
        self.policy_name = settings.policy.name
        self._rule = settings.policy.build()
        self.version = version_for(self._rule, [new_evidence(settings)], settings.learning.prior)
        self.skips = Skips(make_version([new_evidence(settings)], want_covariance=False))
        self.work = Workspace()
        self.quotas = np.array(
            [
                settings.candidates.own_followers,
                settings.candidates.covisits,
                settings.candidates.followers,
                settings.candidates.repeats,
                settings.candidates.fresh,
                settings.candidates.popular,
            ]
        )

    @property
    def version(self) -> Version:
        """What decides; with it changes ``policy``, where that has a schedule."""
        return self._version

    @version.setter
    def version(self, version: Version) -> None:
        self._version = version
        self.policy = as_of(self._rule, version.rows)


def new_table(settings: Settings) -> TrackTable:
    """Return a table that knows no track yet."""
    return TrackTable(
        popularity_half_life_ms=int(settings.facts.popularity_half_life_days * DAY_MS),
        follower_half_life_ms=int(settings.facts.follower_half_life_days * DAY_MS),
    )


def new_evidence(settings: Settings) -> Evidence:
    """Return the evidence of somebody who has learned nothing yet, in today's layout."""
    half_life_ms = int(settings.learning.half_life_days * DAY_MS)
    return Evidence(LAYOUT, CONTEXT_NAMES, PAIR_NAMES, half_life_ms)
