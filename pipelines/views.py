"""Views: the read-only knowledge that serve decides with, and the workspace of its kernels."""

import numpy as np
import numpy.typing as npt

from bandits.evidence import Evidence
from bandits.policy import Policy
from bandits.version import Version, make_version
from candidates.shortlist import ENTRY
from features.context import CONTEXT
from features.listener.layout import BY_ARTIST, OWN, SUMMARY
from features.pair import PAIR
from features.track.table import TrackTable
from pipelines.settings import Settings
from pipelines.skips import Skips
from topics.ids import name_of

CONTEXT_NAMES, PAIR_NAMES = tuple(CONTEXT), tuple(PAIR)
LAYOUT = name_of("layout", *CONTEXT_NAMES, "|", *PAIR_NAMES)[:8]
DAY_MS = 86_400_000


class Workspace:
    """Scratch rows that one recall writes and the same decision reads; nothing survives in it.

    A row counts only if it carries the present stamp, so nothing is ever cleared.
    """

    def __init__(self) -> None:
        self.stamp = 0
        self.own: npt.NDArray[np.void] = np.zeros(0, OWN)
        self.by_artist: npt.NDArray[np.void] = np.zeros(0, BY_ARTIST)
        self.summary = np.zeros(1, SUMMARY)
        self.shortlist = np.zeros(1_000, ENTRY)

    def next_stamp(self, table: TrackTable) -> int:
        """Return a stamp never used before, with rows for all tracks and artists of the table."""
        if len(self.own) < len(table.tracks):
            self.own = np.zeros(len(table.tracks), OWN)
        if len(self.by_artist) <= len(table.artists):
            self.by_artist = np.zeros(2 * len(table.artists) + 1, BY_ARTIST)
        self.stamp += 1
        return self.stamp


class Views:
    """What serve reads beside the listener's own state: tracks, and the version that decides."""

    def __init__(self, settings: Settings) -> None:
        self.table = TrackTable(
            popularity_half_life_ms=int(settings.facts.popularity_half_life_days * DAY_MS),
            follower_half_life_ms=int(settings.facts.follower_half_life_days * DAY_MS),
        )
        self.policy_name = settings.policy.name
        self.policy = settings.policy.build()
        self.version: Version = make_version(
            [new_evidence(settings)],
            settings.learning.prior,
            want_covariance=wants_covariance(self.policy),
        )
        self.skips = Skips(make_version([new_evidence(settings)], want_covariance=False))
        self.work = Workspace()
        self.quotas = np.array(
            [
                settings.candidates.own_followers,
                settings.candidates.followers,
                settings.candidates.repeats,
                settings.candidates.fresh,
                settings.candidates.popular,
            ]
        )


def wants_covariance(policy: Policy) -> bool:
    """Tell whether versions for this policy need their covariance."""
    return policy.wants_variance or policy.draws > 0


def new_evidence(settings: Settings) -> Evidence:
    """Return the evidence of somebody who has learned nothing yet, in today's layout."""
    half_life_ms = int(settings.learning.half_life_days * DAY_MS)
    return Evidence(LAYOUT, CONTEXT_NAMES, PAIR_NAMES, half_life_ms)
