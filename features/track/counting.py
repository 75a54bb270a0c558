"""Counting: what one track event changes in a track's facts, and in the lists ranked by them."""

import numpy as np

from features.track.layout import (
    BACKWARD,
    CLOCK,
    EVENT,
    FOLLOWED,
    FOLLOWER,
    FOLLOWERS_KEPT,
    HEARD,
    PRECEDED,
    SHOWN,
    TRACK,
)
from numeric.arrays import Bytes, Records
from numeric.exact import exp2
from numeric.jit import kernel

HALF_LIVES_AHEAD = 64  # the landmark moves before weights grow past 2^64


@kernel
def count(
    track_bytes: Bytes,
    follower_bytes: Bytes,
    popular: Records,
    fresh: Records,
    clock_bytes: Bytes,
    event_bytes: Bytes,
) -> None:
    """Count events, in order, into the facts; tables and events come as bytes.

    An event at t weighs 2^((t − landmark) / half-life), so sums need no touch as time passes and
    every comparison between tracks stays true until the next event.
    """
    tracks, clock, events = track_bytes.view(TRACK), clock_bytes.view(CLOCK), event_bytes.view(EVENT)
    followers = follower_bytes.view(FOLLOWER).reshape(-1, FOLLOWERS_KEPT)
    for i in range(events.shape[0]):
        event = events[i]
        track = tracks[event.track]
        track.at_ms = max(track.at_ms, event.at_ms)
        if track.known == 0:
            track.known = 1
            place_fresh(tracks, fresh, clock, event.track)
        if event.kind == FOLLOWED:
            weight = _follower_weight(tracks, followers, clock, event.at_ms)
            near, far = (weight, 0.0) if event.steps == 1 else (0.0, weight / event.steps)
            _follow(tracks, followers, event.track, event.by, near, far)
            continue
        if event.kind == PRECEDED:
            weight = BACKWARD * _follower_weight(tracks, followers, clock, event.at_ms)
            _follow(tracks, followers, event.track, event.by, 0.0, weight / (1 + event.steps))
            continue
        weight = _popularity_weight(tracks, clock, event.at_ms)
        if event.kind == HEARD:
            track.plays += weight
            if event.skipped >= 0:
                track.judged += weight
                track.skips += weight * event.skipped
            place_popular(tracks, popular, clock, event.track)
            if track.first_heard_ms < 0 or event.at_ms < track.first_heard_ms:
                track.first_heard_ms = event.at_ms
                place_fresh(tracks, fresh, clock, event.track)
        elif event.kind == SHOWN:
            track.exposures += weight
            track.residual += weight * np.float64(event.residual)


@kernel
def _popularity_weight(tracks: Records, clock: Records, at_ms: int) -> float:
    now = clock[0]
    half_lives = at_ms / now.popularity_half_life_ms
    if now.popularity_landmark < 0:
        now.popularity_landmark = int(half_lives)
    ahead = half_lives - now.popularity_landmark
    if ahead >= HALF_LIVES_AHEAD:
        moved = int(ahead)
        move_popularity(tracks, clock, moved)
        ahead -= moved
    return exp2(ahead)


@kernel
def move_popularity(tracks: Records, clock: Records, half_lives: int) -> None:
    """Move the landmark on by whole half-lives; what is counted halves as often, and no bit is lost."""
    factor = exp2(float(-half_lives))
    for j in range(tracks.shape[0]):
        row = tracks[j]
        row.plays *= factor
        row.skips *= factor
        row.judged *= factor
        row.exposures *= factor
        row.residual *= factor
    clock[0].popularity_landmark += half_lives


@kernel
def _follower_weight(tracks: Records, followers: Records, clock: Records, at_ms: int) -> float:
    now = clock[0]
    half_lives = at_ms / now.follower_half_life_ms
    if now.follower_landmark < 0:
        now.follower_landmark = int(half_lives)
    ahead = half_lives - now.follower_landmark
    if ahead >= HALF_LIVES_AHEAD:
        moved = int(ahead)
        move_followers(tracks, followers, clock, moved)
        ahead -= moved
    return exp2(ahead)


@kernel
def move_followers(tracks: Records, followers: Records, clock: Records, half_lives: int) -> None:
    """Move the followers' landmark on by whole half-lives."""
    factor = exp2(float(-half_lives))
    for j in range(tracks.shape[0]):
        row = tracks[j]
        row.follow_near *= factor
        row.follow_far *= factor
        for k in range(followers.shape[1]):
            follower = followers[j, k]
            follower.near = np.float32(follower.near * factor)
            follower.far = np.float32(follower.far * factor)
    clock[0].follower_landmark += half_lives


@kernel
def _follow(tracks: Records, followers: Records, track: int, by: int, near: float, far: float) -> None:
    """Add a follower; a full list gives up its lightest entry, the later one of equals."""
    tracks[track].follow_near += near
    tracks[track].follow_far += far
    lightest, place = np.inf, 0
    for k in range(followers.shape[1]):
        follower = followers[track, k]
        if follower.track == by:
            follower.near = np.float32(follower.near + near)
            follower.far = np.float32(follower.far + far)
            return
        if follower.track < 0:
            place = k
            break
        total = follower.near + follower.far
        if total <= lightest:
            lightest, place = total, k
    follower = followers[track, place]
    follower.track = by
    follower.near = np.float32(near)
    follower.far = np.float32(far)


@kernel
def place_popular(tracks: Records, popular: Records, clock: Records, track: int) -> None:
    """Keep ``popular`` the exact list of most played tracks after one track's plays grew."""
    now = clock[0]
    place = tracks[track].popular_place
    if place < 0:
        if now.popular < popular.shape[0]:
            place = now.popular
            now.popular += 1
        else:
            place = popular.shape[0] - 1
            if not _more_played(tracks, track, popular[place]):
                return
            tracks[popular[place]].popular_place = -1
    while place > 0 and _more_played(tracks, track, popular[place - 1]):
        popular[place] = popular[place - 1]
        tracks[popular[place]].popular_place = place
        place -= 1
    popular[place] = track
    tracks[track].popular_place = place


@kernel
def _more_played(tracks: Records, a: int, b: int) -> bool:
    if tracks[a].plays != tracks[b].plays:
        return tracks[a].plays > tracks[b].plays
    return tracks[a].key < tracks[b].key


@kernel
def fresh_since(tracks: Records, track: int) -> int:
    """Return since when a track is new: its release, else the first time it was heard, else 0."""
    row = tracks[track]
    if row.released_ms >= 0:
        return row.released_ms
    return max(row.first_heard_ms, 0)


@kernel
def _fresher(tracks: Records, a: int, b: int) -> bool:
    since_a, since_b = fresh_since(tracks, a), fresh_since(tracks, b)
    if since_a != since_b:
        return since_a > since_b
    return tracks[a].key < tracks[b].key


@kernel
def place_fresh(tracks: Records, fresh: Records, clock: Records, track: int) -> None:
    """Keep ``fresh`` the list of newest tracks after one became known or its date changed."""
    now = clock[0]
    place = tracks[track].fresh_place
    was_listed = place >= 0
    if place < 0:
        if now.fresh < fresh.shape[0]:
            place = now.fresh
            now.fresh += 1
        else:
            place = fresh.shape[0] - 1
            if not _fresher(tracks, track, fresh[place]):
                return
            tracks[fresh[place]].fresh_place = -1
    fresh[place] = track
    while place > 0 and _fresher(tracks, track, fresh[place - 1]):
        fresh[place] = fresh[place - 1]
        tracks[fresh[place]].fresh_place = place
        place -= 1
        fresh[place] = track
    while place + 1 < now.fresh and _fresher(tracks, fresh[place + 1], track):
        fresh[place] = fresh[place + 1]
        tracks[fresh[place]].fresh_place = place
        place += 1
        fresh[place] = track
    tracks[track].fresh_place = place
    if was_listed and place == fresh.shape[0] - 1:  # it may have fallen behind one that is not listed
        other = _freshest_unlisted(tracks)
        if other >= 0 and _fresher(tracks, other, track):
            tracks[track].fresh_place = -1
            tracks[other].fresh_place = place
            fresh[place] = other


@kernel
def _freshest_unlisted(tracks: Records) -> int:
    best = -1
    for j in range(tracks.shape[0]):
        if tracks[j].known == 1 and tracks[j].fresh_place < 0 and (best < 0 or _fresher(tracks, j, best)):
            best = j
    return best
