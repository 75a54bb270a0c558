"""What is true in the demo's world: the arrays that its kernels walk.

Everything is drawn from counter-based dice, so it depends on the settings alone. Tastes and tracks are
unit vectors in a space of `AXES` dimensions; a genre is a direction in it.
"""

from typing import NamedTuple

import numpy as np

from numeric.arrays import Floats, Indices
from pipelines.demo.draws import Draws, key_for
from pipelines.demo.music import Music
from pipelines.demo.names import GENRES
from pipelines.demo.settings import DAY_MS, WorldSettings

TASTES = 3  # genres of one listener


class Truth(NamedTuple):
    """All arrays that kernels need; L listeners, T tracks, A artists, G genres."""

    seed: np.uint64
    start_ms: int
    switch_ms: int
    centres: Floats  # (G, AXES), unit vectors
    place: Floats  # (T, AXES), unit vectors
    appeal: Floats  # (T,), standard normal and a little more for new artists
    artist: Indices  # (T,)
    released_ms: Indices  # (T,)
    length_ms: Indices  # (T,)
    followers: Indices  # (T, FOLLOWERS)
    by_genre: Indices  # (T,) track numbers, genre after genre
    genre_start: Indices  # (G + 1,) into by_genre
    reach: Floats  # (T,) popularity added up along by_genre, from 0 in each genre
    genres: Indices  # (L, 2, TASTES): before and after the switch
    activity: Floats  # (L,) probability of a session in a quarter of a day
    leniency: Floats  # (L,) added to how much they enjoy anything
    join_ms: Indices  # (L,)


def make_truth(settings: WorldSettings, music: Music) -> Truth:
    """Return the arrays that kernels walk: the music by genre, and the listeners."""
    by_genre = np.argsort(music.genre, kind="stable")
    genre_start = np.searchsorted(music.genre[by_genre], np.arange(len(GENRES) + 1))
    reach = np.empty(settings.tracks)
    for g in range(len(GENRES)):
        mine = slice(genre_start[g], genre_start[g + 1])
        reach[mine] = np.cumsum(music.popularity[by_genre[mine]])

    draws = Draws(settings.seed, "listeners")
    n, span_ms = settings.listeners, settings.days * DAY_MS
    filled = np.flatnonzero(np.diff(genre_start) >= 3)  # a tiny world may leave a genre without tracks
    before = _distinct(draws, filled, n)
    after = _distinct(draws, filled, n)
    switches = draws.uniforms(n) < settings.switch_share
    joins = draws.uniforms(n) < settings.join_share
    joined_ms = settings.start_ms + (draws.uniforms(n) * 0.7 * span_ms).astype(np.int64)
    return Truth(
        seed=key_for(settings.seed, "answers"),
        start_ms=settings.start_ms,
        switch_ms=settings.start_ms + settings.days * DAY_MS * 6 // 10,
        centres=music.centres,
        place=music.place,
        appeal=music.appeal,
        artist=music.artist,
        released_ms=music.released_ms,
        length_ms=music.length_ms,
        followers=music.followers,
        by_genre=by_genre,
        genre_start=genre_start,
        reach=reach,
        genres=np.stack([before, np.where(switches[:, None], after, before)], axis=1),
        activity=0.05 + 0.4 * draws.uniforms(n) * draws.uniforms(n),
        leniency=0.4 * draws.normals(n),
        join_ms=np.where(joins, joined_ms, settings.start_ms),
    )


def _distinct(draws: Draws, of: Indices, rows: int) -> Indices:
    """Return rows of `TASTES` different members of ``of`` each."""
    order = np.argsort(draws.uniforms(rows, of.size), axis=1, kind="stable")
    return of[order[:, :TASTES]]
