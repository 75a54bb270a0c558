"""The demo's music: genres as directions, artists near them with power-law fame, and their tracks."""

from typing import NamedTuple

import numpy as np

from numeric.arrays import Flags, Floats, Indices
from pipelines.demo.draws import Draws, picked, powers, to_units
from pipelines.demo.names import GENRES
from pipelines.demo.settings import DAY_MS, WorldSettings

AXES = 8
FOLLOWERS = 8  # tracks that go well after a track


class Music(NamedTuple):
    """The tracks' side of the truth, and what only the catalogue tells."""

    centres: Floats
    place: Floats
    appeal: Floats
    popularity: Floats  # (T,) weight of a track among all
    artist: Indices
    genre: Indices
    released_ms: Indices
    length_ms: Indices
    followers: Indices
    new_artist: Flags  # (A,)


def make_music(settings: WorldSettings) -> Music:
    """Return genres as directions, artists near them with power-law fame, and their tracks."""
    s, span_ms = settings, settings.days * DAY_MS
    centres = Draws(s.seed, "genres").normals(len(GENRES), AXES)
    to_units(centres)

    draws = Draws(s.seed, "artists")
    artist_genre = draws.below(len(GENRES), s.artists)
    artist_place = centres[artist_genre] + 0.16 * draws.normals(s.artists, AXES)
    quality = draws.normals(s.artists)
    order = np.argsort(-(quality + 0.6 * draws.normals(s.artists)), kind="stable")
    rank = np.empty(s.artists)  # of fame, from 1: the better are often the better known
    rank[order] = np.arange(1.0, s.artists + 1.0)
    fame = powers(rank, -0.8, np.zeros(s.artists))
    new_artist = draws.uniforms(s.artists) < s.new_artist_share
    debut_ms = s.start_ms + (draws.uniforms(s.artists) * 0.8 * span_ms).astype(np.int64)

    draws = Draws(s.seed, "tracks")
    artist = picked(powers(rank, -0.5, np.zeros(s.artists)), draws.uniforms(s.tracks))
    debuts = new_artist[artist]
    genre = artist_genre[artist]
    place = artist_place[artist] + 0.12 * draws.normals(s.tracks, AXES)
    to_units(place)
    appeal = 0.7 * draws.normals(s.tracks) + 0.7 * quality[artist] + 0.4 * debuts
    popularity = fame[artist] * powers(np.ones(s.tracks), 1.0, 0.8 * appeal + 0.4 * draws.normals(s.tracks))
    length_ms = (120_000 + 240_000 * draws.uniforms(s.tracks)).astype(np.int64)
    age_ms = (draws.uniforms(s.tracks) * 20 * 365 * DAY_MS).astype(np.int64) + DAY_MS
    in_run_ms = (draws.uniforms(s.tracks) * 0.9 * span_ms).astype(np.int64)
    fresh = draws.uniforms(s.tracks) < s.new_track_share
    released_ms = np.where(fresh, s.start_ms + in_run_ms, s.start_ms - age_ms)
    released_ms = np.where(debuts, np.maximum(debut_ms[artist], s.start_ms + in_run_ms), released_ms)
    return Music(
        centres, place, appeal, popularity, artist, genre, released_ms, length_ms,
        _make_followers(s, genre, popularity), new_artist,
    )  # fmt: skip


def _make_followers(settings: WorldSettings, genre: Indices, popularity: Floats) -> Indices:
    """Return for each track those that go well after it: three of four from its own genre."""
    draws = Draws(settings.seed, "followers")
    weights = powers(popularity, 0.5, np.zeros(settings.tracks))
    anywhere = picked(weights, draws.uniforms(settings.tracks * FOLLOWERS)).reshape(-1, FOLLOWERS)
    followers = np.empty_like(anywhere)
    dice = draws.uniforms(settings.tracks, FOLLOWERS)
    for g in range(len(GENRES)):
        members = np.flatnonzero(genre == g)
        if members.size:
            followers[members] = members[picked(weights[members], dice[members].ravel())].reshape(
                -1, FOLLOWERS
            )
    followers[:, ::4] = anywhere[:, ::4]
    return followers
