"""The pair columns: what is known of a listener and a candidate together, one file per column."""

from types import ModuleType

from features.listener.own import touch
from features.pair import (
    artist_session,
    artist_share,
    bias,
    covisit,
    follower,
    followers,
    freshness,
    in_session,
    is_newest,
    liked,
    matched,
    own_age,
    own_follower,
    own_followers,
    own_plays,
    own_recency,
    own_share,
    own_skips,
    popularity,
    same_artist,
    sequel,
    skip_rate,
)
from numeric.arrays import Records
from numeric.jit import kernel

PAIR: dict[str, ModuleType] = {
    "bias": bias,
    "follower": follower,
    "followers": followers,
    "own_follower": own_follower,
    "own_followers": own_followers,
    "own_share": own_share,
    "own_plays": own_plays,
    "own_recency": own_recency,
    "own_age": own_age,
    "popularity": popularity,
    "freshness": freshness,
    "artist_share": artist_share,
    "artist_session": artist_session,
    "same_artist": same_artist,
    "in_session": in_session,
    "is_newest": is_newest,
    "skip_rate": skip_rate,
    "own_skips": own_skips,
    "liked": liked,
    "covisit": covisit,
    "matched": matched,
    "sequel": sequel,
}


@kernel
def fill_columns(
    columns: Records,
    candidates: Records,
    own: Records,
    tracks: Records,
    by_artist: Records,
    summary: Records,
    stamp: int,
) -> None:
    """Write the columns, float32, shape (candidates, columns), in the order of `PAIR`."""
    now = summary[0]
    for j in range(candidates.shape[0]):
        track = candidates[j]
        touch(own, track, stamp)
        row = columns[j]
        row[0] = bias.value(track, own, tracks, by_artist, now)
        row[1] = follower.value(track, own, tracks, by_artist, now)
        row[2] = followers.value(track, own, tracks, by_artist, now)
        row[3] = own_follower.value(track, own, tracks, by_artist, now)
        row[4] = own_followers.value(track, own, tracks, by_artist, now)
        row[5] = own_share.value(track, own, tracks, by_artist, now)
        row[6] = own_plays.value(track, own, tracks, by_artist, now)
        row[7] = own_recency.value(track, own, tracks, by_artist, now)
        row[8] = own_age.value(track, own, tracks, by_artist, now)
        row[9] = popularity.value(track, own, tracks, by_artist, now)
        row[10] = freshness.value(track, own, tracks, by_artist, now)
        row[11] = artist_share.value(track, own, tracks, by_artist, now)
        row[12] = artist_session.value(track, own, tracks, by_artist, now)
        row[13] = same_artist.value(track, own, tracks, by_artist, now)
        row[14] = in_session.value(track, own, tracks, by_artist, now)
        row[15] = is_newest.value(track, own, tracks, by_artist, now)
        row[16] = skip_rate.value(track, own, tracks, by_artist, now)
        row[17] = own_skips.value(track, own, tracks, by_artist, now)
        row[18] = liked.value(track, own, tracks, by_artist, now)
        row[19] = covisit.value(track, own, tracks, by_artist, now)
        row[20] = matched.value(track, own, tracks, by_artist, now)
        row[21] = sequel.value(track, own, tracks, by_artist, now)
