"""Recall: one pass over a listener's plays that writes down all that features and sources ask for.

Everything here is a function of the ordered plays, so a play that came late changes exactly what it
would have changed in order. One file per folded feature; each adds a play to the summary.
"""

import numpy as np

from features.listener import artist_affinity, hours, own_followers, repeats, session, skip_rate
from features.listener.layout import PREFIX
from features.listener.own import touch
from numeric.arrays import Records
from numeric.exact import exp2
from numeric.jit import kernel

LATEST = 64.0  # half-lives behind the landmark: a moment still earlier is taken for that one


@kernel
def recall(
    plays: Records,
    now_ms: int,
    gap_ms: int,
    tracks: Records,
    followers: Records,
    popular: Records,
    clock: Records,
    own: Records,
    by_artist: Records,
    stamp: int,
    summary: Records,
) -> None:
    """Fill ``summary``, ``own`` and ``by_artist`` (rows stamped ``stamp``) for a decision at ``now_ms``.

    Rows of ``own`` that carry another stamp hold nothing about this listener.
    """
    n = plays.shape[0]
    so_far = summary[0]
    so_far.now_ms = now_ms
    opened = session.first_of_session(plays, now_ms, gap_ms)
    so_far.opened_ms = plays[opened].started_ms if opened < n else now_ms
    so_far.newest_ms = plays[n - 1].at_ms if n else -1
    so_far.plays = n
    so_far.session_plays = n - opened
    so_far.judged = so_far.skips = so_far.session_judged = so_far.session_skips = 0
    so_far.repeats = so_far.session_repeats = so_far.distinct = so_far.hour_plays = 0
    so_far.last = so_far.last_artist = -1
    so_far.most_played = tracks[popular[0]].plays if clock[0].popular > 0 else 0.0
    half_lives = now_ms / clock[0].popularity_half_life_ms - clock[0].popularity_landmark
    so_far.popularity_scale = exp2(min(-half_lives, LATEST)) if clock[0].popularity_landmark >= 0 else 0.0
    so_far.last_skipped, so_far.skipped_before, so_far.last_heard_out, so_far.last_liked = 0.5, 0.5, 0.5, 0.0
    for i in range(n):
        play = plays[i]
        inside = i >= opened
        repeats.fold(so_far, play, own, stamp, n - 1 - i, inside)
        skip_rate.fold(so_far, play, own, inside)
        hours.fold(so_far, play)
        artist_affinity.fold(play, tracks[play.track].artist, by_artist, stamp, inside)
    if n:
        newest = plays[n - 1]
        so_far.last = newest.track
        so_far.last_artist = tracks[newest.track].artist
        if newest.skipped >= 0:
            so_far.last_skipped = newest.skipped
        if not np.isnan(newest.share):
            so_far.last_heard_out = newest.share >= 1.0
        so_far.last_liked = newest.liked
    if n > 1 and plays[n - 2].skipped >= 0:
        so_far.skipped_before = plays[n - 2].skipped
    _find_prefix(so_far, plays, own, stamp)
    own_followers.fold(so_far, plays, own)
    half_lives = now_ms / clock[0].follower_half_life_ms - clock[0].follower_landmark
    _fold_followers(so_far, tracks, followers, own, stamp, 0.5 * exp2(max(half_lives, -LATEST)))


@kernel
def _find_prefix(so_far: Records, plays: Records, own: Records, stamp: int) -> None:
    """Find the newest distinct tracks: a track is among them where its newest play is."""
    so_far.prefixes = 0
    n = plays.shape[0]
    for i in range(n - 1, -1, -1):
        if so_far.prefixes == PREFIX:
            break
        if own[plays[i].track].ago == n - 1 - i:
            so_far.prefix[so_far.prefixes] = plays[i].track
            so_far.prefixes += 1


@kernel
def _fold_followers(
    so_far: Records, tracks: Records, followers: Records, own: Records, stamp: int, prior: float
) -> None:
    """Add up everyone's followers of the newest distinct tracks, the newest weighing most.

    ``prior`` is half an occasion of this very moment, in the landmark's weights: where the landmark
    stands then makes no difference, to the bit.
    """
    for p in range(so_far.prefixes):
        track = so_far.prefix[p]
        near_total = tracks[track].follow_near + prior
        total = near_total + tracks[track].follow_far + prior
        weight = 1.0 / (1.0 + p)
        for k in range(followers.shape[1]):
            follower = followers[track, k]
            if follower.track < 0:
                break
            touch(own, follower.track, stamp)
            row = own[follower.track]
            if p == 0:
                row.near = np.float32(follower.near / near_total)
            row.far = np.float32(row.far + weight * (follower.near + follower.far) / total)
