"""Choose: from a listener's plays to a drawn slate, in one call where the policy is compiled."""

from typing import Any, NamedTuple

import numpy as np

from bandits.prediction import predict_mean, predict_spread
from bandits.slate import draw, draw_slots, refuse
from bandits.version import APART
from candidates.consider import consider
from candidates.taking import CONTRASTS, draw_contrasts, take_keys, take_slate
from features.track.layout import TRACK
from numeric.arrays import Bytes, Floats, Records, Singles
from numeric.jit import kernel
from pipelines.session_marks import session_key
from pipelines.settings import Settings
from pipelines.views import Views


class Chosen(NamedTuple):
    """How much of the workspace a decision has filled."""

    candidates: int
    slots: int
    contrasts: int  # behind the slots
    words: int  # columns of the slots that are not 0


def look_at(
    play_bytes: Bytes,
    listener_id: str,
    now_ms: int,
    given: Records,
    limit: int,
    key: int,
    views: Views,
    settings: Settings,
) -> int:
    """Fill the workspace with candidates, sources, context and columns; return how many candidates there are.

    ``given`` (handles) are the candidates where ``limit`` is 0; else the sources propose up to ``limit``.
    """
    views.work.make_room(max(limit, len(given)), 0)
    return int(consider(*_world(play_bytes, listener_id, now_ms, given, limit, key, views, settings)))


def choose(
    play_bytes: Bytes,
    listener_id: str,
    now_ms: int,
    given: Records,
    limit: int,
    slots: int,
    key: int,
    views: Views,
    settings: Settings,
) -> Chosen:
    """Fill the workspace with what `look_at` finds, the means, and a slate drawn from it.

    Raises ValueError if the version does not fit the policy or today's columns, or expects absurd means.
    """
    work, version, policy = views.work, views.version, views.policy
    compiled: tuple[int, float, float] | None = getattr(policy, "compiled", None)
    spread = policy.wants_variance or policy.draws > 0
    fits = version.weights.shape == (len(work.context), work.columns.shape[1])
    if compiled is None or not fits or (spread and not len(version.covariance)):
        return _choose_plainly(play_bytes, listener_id, now_ms, given, limit, slots, key, views, settings)
    work.make_room(max(limit, len(given)), slots + CONTRASTS)
    world = _world(play_bytes, listener_id, now_ms, given, limit, key, views, settings)
    mind = (
        version.weights, version.covariance if spread else None, policy.wants_variance, policy.draws,
        np.uint64(key ^ APART), *compiled, slots, views.skips.weights,
        work.means, work.low_keys, work.drawn, work.figures, work.slot_columns,
    )  # fmt: skip
    chosen = Chosen(*_choose(*(world + mind)))
    if chosen.candidates and slots and not chosen.slots:
        refuse(work.means[: chosen.candidates])
    return chosen


def _choose_plainly(
    play_bytes: Bytes,
    listener_id: str,
    now_ms: int,
    given: Records,
    limit: int,
    slots: int,
    key: int,
    views: Views,
    settings: Settings,
) -> Chosen:
    """Do the same step by step: for policies that are no kernel, and for errors in their own words."""
    work = views.work
    n = look_at(play_bytes, listener_id, now_ms, given, limit, key, views, settings)
    known = views.version.predict(work.context, work.columns[:n], views.policy, key)
    work.means[:n] = known.mean
    chosen, propensity = draw(views.policy, known, slots, key)
    contrasts = draw_contrasts(n, chosen, np.uint64(key))
    work.make_room(n, slots + CONTRASTS)
    words = take_slate(
        np.concatenate((chosen, contrasts)), np.concatenate((propensity, np.zeros(len(contrasts)))),
        work.candidates, work.sources, work.means, work.columns, work.context,
        views.skips.weights, work.drawn, work.figures, work.slot_columns, len(chosen),
    )  # fmt: skip
    take_keys(work.candidates[:n], views.table.tracks, work.low_keys)
    return Chosen(n, len(chosen), len(contrasts), int(words))


def _world(
    play_bytes: Bytes,
    listener_id: str,
    now_ms: int,
    given: Records,
    limit: int,
    key: int,
    views: Views,
    settings: Settings,
) -> tuple[Any, ...]:
    """Return what `consider` takes."""
    table, work, recent = views.table, views.work, views.recent
    stamp = work.next_stamp(table)
    return (
        given, limit, now_ms, settings.sessions.gap_ms, np.uint64(key), stamp,
        np.uint64(session_key(listener_id, settings)), play_bytes, views.quotas, table.track_bytes,
        table.follower_bytes, recent.block_bytes, recent.clock[0], table.popular, table.fresh,
        table.clock_bytes, work.own_bytes, work.by_artist_bytes, work.shortlist_bytes, work.summary_bytes,
        work.vote_bytes, work.voted, work.candidates, work.sources, work.context, work.columns,
    )  # fmt: skip


@kernel
def _choose(
    given: Records,
    limit: int,
    now_ms: int,
    gap_ms: int,
    key: np.uint64,
    stamp: int,
    listener: np.uint64,
    play_bytes: Bytes,
    quotas: Records,
    track_bytes: Bytes,
    follower_bytes: Bytes,
    block_bytes: Bytes,
    newest_block: int,
    popular: Records,
    fresh: Records,
    clock_bytes: Bytes,
    own_bytes: Bytes,
    by_artist_bytes: Bytes,
    shortlist_bytes: Bytes,
    summary_bytes: Bytes,
    vote_bytes: Bytes,
    voted: Records,
    candidates: Records,
    sources: Records,
    context: Singles,
    columns: Singles,
    weights: Floats,
    covariance: Floats | None,
    want_variance: bool,
    draws: int,
    draws_key: np.uint64,
    kind: int,
    floor: float,
    setting: float,
    slots: int,
    skip_weights: Floats,
    means: Floats,
    low_keys: Records,
    drawn: Records,
    figures: Floats,
    slot_columns: Singles,
) -> tuple[int, int, int, int]:
    """Return what `Chosen` has; without a covariance, what needs one is not even compiled."""
    n = consider(
        given, limit, now_ms, gap_ms, key, stamp, listener, play_bytes, quotas,
        track_bytes, follower_bytes, block_bytes, newest_block, popular, fresh, clock_bytes,
        own_bytes, by_artist_bytes, shortlist_bytes, summary_bytes, vote_bytes, voted,
        candidates, sources, context, columns,
    )  # fmt: skip
    mean = predict_mean(weights, context, columns[:n])
    means[:n] = mean
    variance, deviations = np.zeros(0), np.zeros((0, 0))
    if covariance is not None:
        variance, deviations = predict_spread(
            covariance, context, columns[:n], want_variance, draws, draws_key
        )
    chosen, propensity = draw_slots(kind, floor, setting, mean, variance, deviations, slots, key)
    contrasts = draw_contrasts(n, chosen, key)
    words = take_slate(
        np.concatenate((chosen, contrasts)), np.concatenate((propensity, np.zeros(len(contrasts)))),
        candidates, sources, means, columns, context, skip_weights,
        drawn, figures, slot_columns, chosen.shape[0],
    )  # fmt: skip
    take_keys(candidates[:n], track_bytes.view(TRACK), low_keys)
    return n, chosen.shape[0], contrasts.shape[0], words
