"""What listeners pick by themselves: an old favourite, what goes well now, or something to their taste."""

import numpy as np

from numeric.arrays import Floats, Indices
from numeric.dice import uniform
from numeric.jit import kernel
from pipelines.demo.listening import RING, History, answer, enjoyment, mark, unmark
from pipelines.demo.luck import DRAWN, WAY, WHICH, session_key, turn_key
from pipelines.demo.music import AXES, FOLLOWERS
from pipelines.demo.sessions import LEFT_MS, QUARTER_MS, session_opening
from pipelines.demo.taste import era_of, taste_of
from pipelines.demo.truth import TASTES, Truth

DRAWS = 2  # tracks looked at before one of them is picked by taste


@kernel
def _drawn_from_genre(truth: Truth, genre: int, die: float, at_ms: int) -> int:
    """Return a track of the genre in proportion to popularity; the next released one if it is not out."""
    start, stop = truth.genre_start[genre], truth.genre_start[genre + 1]
    low, high, aim = start, stop - 1, die * truth.reach[stop - 1]
    while low < high:
        middle = (low + high) // 2
        if truth.reach[middle] > aim:
            high = middle
        else:
            low = middle + 1
    for ahead in range(truth.by_genre.size):
        track = truth.by_genre[(low + ahead) % truth.by_genre.size]
        if truth.released_ms[track] <= at_ms:
            return int(track)
    return -1


@kernel
def pick(
    truth: Truth,
    history: History,
    listener: int,
    session: int,
    step: int,
    at_ms: int,
    genres: Indices,
    weights: Floats,
    taste: Floats,
) -> int:
    """Return the track that the listener picks alone, once the history is marked."""
    key = turn_key(truth.seed, listener, session, step)
    plays = history.plays[listener]
    way = uniform(key, WAY)
    if way < 0.3 and plays > 6:
        back = 5 + int(uniform(key, WHICH) * (min(plays, RING) - 5))
        place = (plays - 1 - back) % RING
        if history.done[listener, place]:
            return int(history.track[listener, place])
    elif way < 0.65 and step > 0:
        before = history.track[listener, (plays - 1) % RING]
        die = uniform(key, WHICH)
        follower = truth.followers[before, int(die * die * FOLLOWERS)]
        if truth.released_ms[follower] <= at_ms:
            return int(follower)
    total = 0.0
    for k in range(TASTES):
        total += weights[k]
    best, best_enjoyment = -1, -np.inf
    for draw in range(DRAWS):
        aim, k = uniform(key, DRAWN + 2 * draw) * total, 0
        while k < TASTES - 1 and aim >= weights[k]:
            aim -= weights[k]
            k += 1
        track = _drawn_from_genre(truth, genres[k], uniform(key, DRAWN + 2 * draw + 1), at_ms)
        found = enjoyment(truth, history, listener, session, taste, track)
        if found > best_enjoyment:
            best, best_enjoyment = track, found
    return best


@kernel
def own_choice(truth: Truth, history: History, listener: int, session: int, step: int, at_ms: int) -> int:
    """Return the track that the listener picks alone at this turn."""
    weights, taste = np.empty(TASTES), np.empty(AXES)
    genres = truth.genres[listener, era_of(truth.switch_ms, truth.start_ms, session)]
    taste_of(truth.seed, truth.centres, genres, listener, session, weights, taste)
    mark(truth, history, listener, step, at_ms)
    track = pick(truth, history, listener, session, step, at_ms, genres, weights, taste)
    unmark(truth, history, listener)
    return track


@kernel
def quarter_alone(truth: Truth, history: History, session: int, listeners: Indices, out: Indices) -> int:
    """Let these listeners listen alone for one quarter of a day; return how many plays that gave.

    ``out``: (at least `TURNS_MAX` × listeners, 6): listener, track, started_ms, heard_ms, liked, step.
    """
    weights, taste = np.empty(TASTES), np.empty(AXES)
    end_ms = truth.start_ms + session * QUARTER_MS + LEFT_MS
    n = 0
    for listener in listeners:
        opening_ms, turns = session_opening(session_key(truth.seed, listener, session))
        at_ms = truth.start_ms + session * QUARTER_MS + opening_ms
        genres = truth.genres[listener, era_of(truth.switch_ms, truth.start_ms, session)]
        taste_of(truth.seed, truth.centres, genres, listener, session, weights, taste)
        for step in range(turns):
            if at_ms >= end_ms:
                break
            mark(truth, history, listener, step, at_ms)
            track = pick(truth, history, listener, session, step, at_ms, genres, weights, taste)
            logit = enjoyment(truth, history, listener, session, taste, track)
            unmark(truth, history, listener)
            heard_ms, liked, pause_ms = answer(truth, history, listener, session, step, at_ms, track, logit)
            out[n, 0], out[n, 1], out[n, 2] = listener, track, at_ms
            out[n, 3], out[n, 4], out[n, 5] = heard_ms, liked, step
            n += 1
            at_ms += heard_ms + pause_ms
    return n
