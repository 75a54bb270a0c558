"""TrackTable: every track this process has heard of, as rows that kernels read.

A row's number (its handle) is private to the process: it never decides anything and never leaves.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from features.track.counting import (
    count,
    fresh_since,
    move_followers,
    move_popularity,
    place_fresh,
    place_popular,
)
from features.track.layout import CLOCK, FOLLOWER, FOLLOWERS_KEPT, TRACK
from numeric.arrays import Bytes, bytes_of
from topics.ids import key_of
from topics.track import Track
from topics.track_facts import TrackFacts

POPULAR_KEPT = 500
FRESH_KEPT = 200

STORED_FOLLOWER = np.dtype([("key", "<u8"), ("near", "<f4"), ("far", "<f4")])

DAY_MS = 86_400_000


class TrackTable:
    """The catalogue and the facts of all tracks; grows by doubling.

    ``track_bytes``, ``follower_bytes`` and ``clock_bytes`` are the same memory as bytes, for kernels.

    >>> table = TrackTable()
    >>> handle = table.handle("t1")
    >>> table.names[handle], table.handle("t1") == handle
    ('t1', True)
    """

    def __init__(
        self,
        popularity_half_life_ms: int = 7 * DAY_MS,
        follower_half_life_ms: int = 90 * DAY_MS,
    ) -> None:
        self.names: list[str] = []  # by handle; empty where only the key is known so far
        self.titles: dict[int, Track] = {}  # catalogue entries by handle
        self._by_name: dict[str, int] = {}
        self._by_key: dict[int, int] = {}
        self.longest_id = 0  # in bytes
        self.artists: list[str] = []
        self._by_artist: dict[str, int] = {}
        self.tracks = _empty_tracks(1024)
        self.followers = _empty_followers(1024)
        self.popular: npt.NDArray[np.int32] = np.zeros(POPULAR_KEPT, np.int32)
        self.fresh: npt.NDArray[np.int32] = np.zeros(FRESH_KEPT, np.int32)
        self.clock = np.zeros(1, CLOCK)
        self.clock[0] = (popularity_half_life_ms, follower_half_life_ms, -1, -1, 0, 0)
        self.clock_bytes = bytes_of(self.clock)
        self._lie()

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, track_id: str) -> bool:
        return track_id in self._by_name

    def handle(self, track_id: str) -> int:
        """Return the row of a track, a new one if it was never heard of."""
        found = self._by_name.get(track_id)
        if found is not None:
            return found
        handle = self.handle_of_key(key_of(track_id))
        self.names[handle] = track_id
        self._by_name[track_id] = handle
        size = len(track_id.encode())
        self.tracks[handle]["id_bytes"] = size
        self.longest_id = max(self.longest_id, size)
        return handle

    def length_of(self, handle: int) -> tuple[int, bool]:
        """Return a track's length in ms, 0 if unknown, and whether anything is known of it."""
        return int(self._lengths[handle]), bool(self._known[handle])

    def handles(self, track_ids: Sequence[str]) -> npt.NDArray[np.int32]:
        """Return the rows of tracks, new ones for those never heard of."""
        try:
            return np.fromiter(map(self._by_name.__getitem__, track_ids), np.int32, len(track_ids))
        except KeyError:
            return np.array([self.handle(track_id) for track_id in track_ids], np.int32)

    def artist_handle(self, artist_id: str | None) -> int:
        """Return the number of an artist in this process, −1 for none."""
        if artist_id is None:
            return -1
        found = self._by_artist.get(artist_id)
        if found is None:
            found = self._by_artist[artist_id] = len(self.artists)
            self.artists.append(artist_id)
        return found

    def list_track(self, track: Track) -> int:
        """Take in a catalogue entry; it replaces the track's former one."""
        handle = self.handle(track.track_id)
        row = self.tracks[handle]
        row["known"] = 1
        row["playable"] = track.playable
        row["length_ms"] = track.length_ms or 0
        row["artist"] = self.artist_handle(track.artist_id)
        row["released_ms"] = -1 if track.released_ms is None else max(track.released_ms, 0)
        self.titles[handle] = track
        place_fresh(self.tracks, self.fresh, self.clock, handle)
        return handle

    def count(self, event_bytes: Bytes) -> None:
        """Count track events (rows of EVENT as bytes) into the facts."""
        count(self.track_bytes, self.follower_bytes, self.popular, self.fresh, self.clock_bytes, event_bytes)

    def facts(self, handle: int) -> TrackFacts:
        """Return what has been counted about one track, as a record."""
        row = self.tracks[handle]
        listed = self.followers[handle]
        listed = listed[listed["track"] >= 0]
        stored = np.empty(len(listed), STORED_FOLLOWER)
        stored["key"] = self.tracks["key"][listed["track"]]
        stored["near"] = listed["near"]
        stored["far"] = listed["far"]
        artist, first = int(row["artist"]), int(row["first_heard_ms"])
        return TrackFacts(
            track_id=self.names[handle],
            at_ms=max(int(row["at_ms"]), 0),
            plays=float(row["plays"]),
            skips=float(row["skips"]),
            judged=float(row["judged"]),
            exposures=float(row["exposures"]),
            residual=float(row["residual"]),
            follow_near=float(row["follow_near"]),
            follow_far=float(row["follow_far"]),
            popularity_landmark=int(self.clock[0]["popularity_landmark"]),
            follower_landmark=int(self.clock[0]["follower_landmark"]),
            followers=stored.tobytes(),
            artist_id=self.artists[artist] if artist >= 0 else None,
            first_heard_ms=first if first >= 0 else None,
        )

    def take(self, facts: TrackFacts) -> int:
        """Take in what a collector has counted about one track; it replaces what was here."""
        handle = self.handle(facts.track_id)
        popularity = self._aligned("popularity_landmark", facts.popularity_landmark)
        following = self._aligned("follower_landmark", facts.follower_landmark)
        stored = np.frombuffer(facts.followers, STORED_FOLLOWER)
        handles = [self.handle_of_key(int(key)) for key in stored["key"]]
        row = self.tracks[handle]  # after the handles above: they may have moved the table
        row["known"] = 1
        row["at_ms"] = facts.at_ms
        for name in ("plays", "skips", "judged", "exposures", "residual"):
            row[name] = getattr(facts, name) * popularity
        row["follow_near"] = facts.follow_near * following
        row["follow_far"] = facts.follow_far * following
        if facts.artist_id is not None:
            row["artist"] = self.artist_handle(facts.artist_id)
        row["first_heard_ms"] = -1 if facts.first_heard_ms is None else facts.first_heard_ms
        listed = self.followers[handle]
        listed["track"] = -1
        listed["track"][: len(stored)] = handles
        listed["near"][: len(stored)] = stored["near"] * np.float32(following)
        listed["far"][: len(stored)] = stored["far"] * np.float32(following)
        if facts.plays > 0:
            place_popular(self.tracks, self.popular, self.clock, handle)
        place_fresh(self.tracks, self.fresh, self.clock, handle)
        return handle

    def ranked(self) -> tuple[list[str], list[str]]:
        """Return the ids of the popular and of the fresh list, best first."""
        clock = self.clock[0]
        return (
            [self.names[handle] for handle in self.popular[: clock["popular"]]],
            [self.names[handle] for handle in self.fresh[: clock["fresh"]]],
        )

    def restore_ranked(self, popular: Iterable[str], fresh: Iterable[str]) -> None:
        """Put both lists back as `ranked` gave them."""
        for names, listed, length, place in (
            (popular, self.popular, "popular", "popular_place"),
            (fresh, self.fresh, "fresh", "fresh_place"),
        ):
            self.tracks[place] = -1
            handles = [self.handle(name) for name in names]
            listed[: len(handles)] = handles
            self.clock[0][length] = len(handles)
            self.tracks[place][handles] = np.arange(len(handles))

    def is_fresh_since(self, handle: int) -> int:
        """Return since when a track counts as new, UTC milliseconds."""
        return int(fresh_since(self.tracks, handle))

    def _aligned(self, landmark: str, theirs: int) -> float:
        """Return the factor, at most 1, from their landmark to ours, which first moves on to theirs."""
        clock = self.clock[0]
        ours = int(clock[landmark])
        if ours < 0:
            clock[landmark] = theirs
        elif theirs > ours and landmark == "popularity_landmark":
            move_popularity(self.tracks, self.clock, theirs - ours)
        elif theirs > ours:
            move_followers(self.tracks, self.followers, self.clock, theirs - ours)
        return 2.0 ** float(theirs - clock[landmark]) if theirs >= 0 else 0.0

    def handle_of_key(self, key: int) -> int:
        """Return the row of a track of which only the key is known so far."""
        found = self._by_key.get(key)
        if found is not None:
            return found
        handle = len(self.names)
        if handle == len(self.tracks):
            self.tracks = np.concatenate([self.tracks, _empty_tracks(handle)])
            self.followers = np.concatenate([self.followers, _empty_followers(handle)])
            self._lie()
        self._by_key[key] = handle
        self.names.append("")
        self.tracks[handle]["key"] = key
        return handle

    def _lie(self) -> None:
        """Note where the tables lie in memory; they have moved."""
        self.track_bytes, self.follower_bytes = bytes_of(self.tracks), bytes_of(self.followers)
        self._lengths, self._known = self.tracks["length_ms"], self.tracks["known"]


def _empty_tracks(n: int) -> npt.NDArray[np.void]:
    tracks = np.zeros(n, TRACK)
    tracks["playable"] = 1
    for name in ("first_heard_ms", "released_ms", "at_ms", "artist", "popular_place", "fresh_place"):
        tracks[name] = -1
    return tracks


def _empty_followers(n: int) -> npt.NDArray[np.void]:
    followers = np.zeros((n, FOLLOWERS_KEPT), FOLLOWER)
    followers["track"] = -1
    return followers
