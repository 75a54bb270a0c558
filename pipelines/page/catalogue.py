"""Catalogue: tracks as people look them up: one with what has been counted of it, or those of some words."""

from collections.abc import Iterable

import numpy as np

from features.track.table import TrackTable
from numeric.exact import exp2
from pipelines.page.answers import Follower, TrackPage
from pipelines.why import title_of
from topics.track import Track

FOLLOWERS_SHOWN = 8


class Catalogue:
    """Reads a table of tracks."""

    def __init__(self, table: TrackTable) -> None:
        self._table = table
        self._searched: list[tuple[str, int]] = []  # text and handle of every titled track

    def track(self, track_id: str, now_ms: int) -> TrackPage | None:
        """Return a track and what has been counted of it, None if nobody has heard of it."""
        table = self._table
        if track_id not in table:
            return None
        handle = table.handle(track_id)
        row, clock = table.tracks[handle], table.clock[0]
        half_lives = now_ms / clock["popularity_half_life_ms"] - clock["popularity_landmark"]
        scale = exp2(-half_lives) if clock["popularity_landmark"] >= 0 else 0.0
        first, place = int(row["first_heard_ms"]), int(row["popular_place"])
        return TrackPage(
            track=table.titles.get(handle) or Track(track_id),
            plays=float(row["plays"]) * scale,
            exposures=float(row["exposures"]) * scale,
            skip_share=float(row["skips"] / row["judged"]) if row["judged"] > 0 else None,
            residual=float(row["residual"] / row["exposures"]) if row["exposures"] > 0 else None,
            first_heard_ms=first if first >= 0 else None,
            popular_place=place + 1 if place >= 0 else None,
            followers=tuple(_followers(table, handle)),
        )

    def search(self, query: str, limit: int) -> list[Track]:
        """Return tracks whose title, artist, genre or id holds every word, the most played first."""
        table, words = self._table, query.casefold().split()
        if len(self._searched) != len(table.titles):
            self._searched = [(_text(track), handle) for handle, track in table.titles.items()]
        found = [handle for text, handle in self._searched if all(word in text for word in words)]
        found = [handle for handle in found if table.tracks["playable"][handle]]
        found.sort(key=lambda handle: (-table.tracks["plays"][handle], table.names[handle]))
        return [table.titles[handle] for handle in found[:limit]]


def _followers(table: TrackTable, handle: int) -> Iterable[Follower]:
    listed = table.followers[handle]
    listed = listed[listed["track"] >= 0]
    total = float(table.tracks[handle]["follow_near"])
    near = listed[np.argsort(-listed["near"], kind="stable")][:FOLLOWERS_SHOWN]
    for track, weight in zip(near["track"].tolist(), near["near"].tolist(), strict=True):
        if weight > 0 and table.names[track]:
            yield Follower(table.names[track], title_of(table, track), weight / total)


def _text(track: Track) -> str:
    return " ".join((track.title, track.artist, *track.genres, track.track_id)).casefold()
