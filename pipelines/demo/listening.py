"""How a listener listens: how much they would enjoy a track now, and what comes of playing it.

Kernels over the `Truth` and one `History`, what everybody has heard so far under one policy.
"""

from typing import NamedTuple

import numpy as np

from numeric.arrays import Flags, Floats, Indices
from numeric.dice import uniform
from numeric.exact import logistic
from numeric.jit import kernel
from pipelines.demo.luck import (
    AWAY,
    CALLED_AWAY,
    FINISHES,
    LEAVES,
    LIKES,
    PAUSES,
    RESTLESSNESS,
    session_key,
    turn_key,
)
from pipelines.demo.music import AXES, FOLLOWERS
from pipelines.demo.taste import era_of, taste_of
from pipelines.demo.truth import TASTES, Truth

RING = 32  # plays that a listener remembers
SKIP_SHARE_LEAST, SKIP_SHARE_SPAN = 0.02, 0.46
SKIP_SHARE_MEAN = SKIP_SHARE_LEAST + SKIP_SHARE_SPAN / 3.0  # of least + span · v², v uniform in [0, 1)

# Terms of the enjoyment, in logits of hearing the track to its end.
BASE, AFFINITY, APPEAL = -2.05, 2.6, 0.9
FOLLOWS, SAME_ARTIST = 1.3, 0.2  # after the track before (half after the one before it); per recent play
FATIGUE, FATIGUE_MS = 3.0, 3.0 * 3_600_000.0  # at once; a quarter of it is left after this long
DISLIKES = 0.04  # share of the skips that come with a dislike
FAMILIAR, DISMISSED = 0.15, 0.4  # per remembered play that was finished, left
RESTLESS, CURIOUS = 1.0, 0.8  # in three sessions of ten; how much more is begun than finished


class History(NamedTuple):
    """What each listener remembers: a ring of their last `RING` plays."""

    track: Indices  # (L, RING)
    at_ms: Indices  # (L, RING), when the play began
    done: Flags  # (L, RING), heard to its end
    plays: Indices  # (L,), in all
    track_marks: Floats  # (T,), zero between calls
    artist_marks: Floats  # (A,), zero between calls


def empty_history(listeners: int, tracks: int, artists: int) -> History:
    """Return a history in which nobody has heard anything."""
    ring = (listeners, RING)
    return History(
        np.zeros(ring, np.int64), np.zeros(ring, np.int64), np.zeros(ring, np.bool_),
        np.zeros(listeners, np.int64), np.zeros(tracks), np.zeros(artists),
    )  # fmt: skip


@kernel
def mark(truth: Truth, history: History, listener: int, step: int, at_ms: int) -> None:
    """Write into the marks what the plays before do to each track and artist now."""
    plays = history.plays[listener]
    for back in range(min(plays, RING)):
        place = (plays - 1 - back) % RING
        track = history.track[listener, place]
        rest = 1.0 + (at_ms - history.at_ms[listener, place]) / FATIGUE_MS
        history.track_marks[track] -= FATIGUE / (rest * rest)
        history.track_marks[track] += FAMILIAR if history.done[listener, place] else -DISMISSED
        if back < min(step, 5):
            history.artist_marks[truth.artist[track]] -= SAME_ARTIST
        if back < min(step, 2):
            for f in range(FOLLOWERS):
                history.track_marks[truth.followers[track, f]] += FOLLOWS / (1.0 + back)


@kernel
def unmark(truth: Truth, history: History, listener: int) -> None:
    """Set the marks back to zero."""
    for back in range(min(history.plays[listener], RING)):
        track = history.track[listener, (history.plays[listener] - 1 - back) % RING]
        history.track_marks[track] = 0.0
        history.artist_marks[truth.artist[track]] = 0.0
        if back < 2:
            for f in range(FOLLOWERS):
                history.track_marks[truth.followers[track, f]] = 0.0


@kernel
def enjoyment(
    truth: Truth, history: History, listener: int, session: int, taste: Floats, track: int
) -> float:
    """Return the log-odds that a track would be heard to its end, once the history is marked."""
    restless = uniform(session_key(truth.seed, listener, session), RESTLESSNESS) < 0.3
    total: float = BASE + float(truth.leniency[listener]) - (RESTLESS if restless else 0.0)
    for j in range(AXES):
        total += AFFINITY * taste[j] * truth.place[track, j]
    total += APPEAL * truth.appeal[track]
    total += history.track_marks[track]
    total += history.artist_marks[truth.artist[track]]
    return total


@kernel
def enjoyments(
    truth: Truth,
    history: History,
    listener: int,
    session: int,
    step: int,
    at_ms: int,
    tracks: Indices,
    out: Floats,
) -> None:
    """Write the log-odds that each of these tracks would be heard to its end; −100 if not yet released."""
    weights, taste = np.empty(TASTES), np.empty(AXES)
    genres = truth.genres[listener, era_of(truth.switch_ms, truth.start_ms, session)]
    taste_of(truth.seed, truth.centres, genres, listener, session, weights, taste)
    mark(truth, history, listener, step, at_ms)
    for i in range(tracks.size):
        released = truth.released_ms[tracks[i]] <= at_ms
        out[i] = enjoyment(truth, history, listener, session, taste, tracks[i]) if released else -100.0
    unmark(truth, history, listener)


@kernel
def answer(
    truth: Truth,
    history: History,
    listener: int,
    session: int,
    step: int,
    at_ms: int,
    track: int,
    logit: float,
) -> tuple[int, int, int]:
    """Play a track: remember it, and return (heard_ms, liked, pause before the next turn in ms)."""
    key = turn_key(truth.seed, listener, session, step)
    finishes = logistic(logit)
    heard_ms, liked = int(truth.length_ms[track]), 0
    done = uniform(key, FINISHES) < finishes
    if done:
        if uniform(key, LIKES) < 0.3 * finishes:
            liked = 1
    else:
        luck = uniform(key, LEAVES)
        heard_ms = int(heard_ms * (SKIP_SHARE_LEAST + SKIP_SHARE_SPAN * luck * luck))
        if uniform(key, LIKES) < DISLIKES:
            liked = -1
    place = history.plays[listener] % RING
    history.track[listener, place] = track
    history.at_ms[listener, place] = at_ms
    history.done[listener, place] = done
    history.plays[listener] += 1
    pause_ms = 500 + int(uniform(key, PAUSES) * 3_000.0)
    if uniform(key, CALLED_AWAY) < 0.05:  # called away for some minutes, less than a session gap
        pause_ms += 60_000 + int(uniform(key, AWAY) * 600_000.0)
    return heard_ms, liked, pause_ms
