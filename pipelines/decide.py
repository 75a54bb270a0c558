"""Decide: from a listener, a moment and the views to a slate with its propensities."""

from itertools import repeat
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from candidates import SOURCE_NAMES
from numeric.arrays import Bytes
from pipelines.choose import choose, look_at
from pipelines.listener import Contrasts, Pending, size_of
from pipelines.settings import Settings
from pipelines.views import LAYOUT, Handles, Views
from topics.ids import key_of, name_of
from topics.scores import Decision, ScoredTrack, Scores

NO_HANDLES: Handles = np.zeros(0, np.int32)
NO_CANDIDATE = "no usable candidate: none known, or none playable"


class Question(NamedTuple):
    """Who asks, when, where, and for what."""

    listener_id: str
    cause: str  # event_id or request_id
    at_ms: int
    surface: str
    limit: int
    candidates: tuple[str, ...] | None = None


class Considered(Struct, frozen=True):
    """All that a decision looked at: candidates in their order, columns, context, means."""

    handles: Handles
    sources: npt.NDArray[np.uint8]
    context: npt.NDArray[np.float32]
    columns: npt.NDArray[np.float32]
    means: npt.NDArray[np.float64]


class Decided(NamedTuple):
    """What is published, what is remembered until its plays come, and what was considered."""

    scores: Scores
    pending: Pending | None
    considered: Considered
    contrasts: Contrasts | None = None


def describe(
    play_bytes: Bytes, listener_id: str, now_ms: int, handles: Handles, views: Views, settings: Settings
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the context vector and the columns of given tracks, as known at ``now_ms``."""
    n, work = look_at(play_bytes, listener_id, now_ms, handles, 0, 0, views, settings), views.work
    return work.context.copy(), work.columns[:n].copy()


def decide(question: Question, play_bytes: Bytes, views: Views, settings: Settings) -> Decided:
    """Propose candidates, predict them, draw the slate."""
    decision_id = name_of(question.listener_id, question.cause)
    key = key_of(f"{settings.seed}\x1f{decision_id}")
    given, limit = NO_HANDLES, settings.candidates.limit
    if question.candidates is not None:
        given, limit = _usable(question.candidates, views), 0
    n, slots, extra, words = choose(
        play_bytes, question.listener_id, question.at_ms, given, limit, question.limit, key, views, settings
    )
    work = views.work
    context = work.context.copy()
    candidates, sources_of_them, columns, means_of_them = work.hand_over(n)
    considered = Considered(candidates, sources_of_them, context, columns, means_of_them)
    if n == 0:
        return Decided(_scores(question, decision_id, views, (), NO_CANDIDATE), None, considered)

    track_names = views.table.names
    handles, sources = work.drawn[:, : slots + extra].tolist()
    means, scores, propensities, p_skips = work.figures[:, :slots].tolist()
    names = tuple([track_names[handle] for handle in handles[:slots]])
    source_names = [SOURCE_NAMES[source] for source in sources[:slots]]
    skips = p_skips if views.skips.known else repeat(None)
    slate = tuple(map(ScoredTrack, names, scores, propensities, source_names, skips))
    version = views.version.name
    context_bytes, columns_bytes = context.tobytes(), work.slot_columns[: slots + extra].tobytes()
    border = slots * work.slot_columns.itemsize * work.slot_columns.shape[1]
    pending = Pending(
        decision_id=decision_id,
        at_ms=question.at_ms,
        kind="recommended",
        attribution="none",
        policy=views.policy_name,
        policy_version=version,
        tracks=names,
        propensities=tuple(propensities),
        means=tuple(means),
        context=context_bytes,
        columns=columns_bytes[:border],
        plays=(0,) * slots,
        rewards=(0.0,) * slots,
        size=size_of(names, context_bytes, columns_bytes[:border], views.policy_name, version, words=words),
    )
    contrasts = Contrasts(
        listed=work.low_keys[:n].tobytes(),
        tracks=tuple([track_names[handle] for handle in handles[slots:]]),
        columns=columns_bytes[border:],
        weight=max(n - slots, extra) / max(extra, 1),
    )
    return Decided(_scores(question, decision_id, views, slate, None), pending, considered, contrasts)


def whole_decision(decided: Decided, views: Views) -> Decision:
    """Return the record that off-policy evaluation needs: every candidate with its columns."""
    considered = decided.considered
    return Decision(
        scores=decided.scores,
        layout=LAYOUT,
        context=considered.context.tobytes(),
        candidates=tuple([views.table.names[handle] for handle in considered.handles.tolist()]),
        sources=tuple([SOURCE_NAMES[source] for source in considered.sources.tolist()]),
        columns=considered.columns.tobytes(),
    )


def _usable(names: tuple[str, ...], views: Views) -> Handles:
    """Return the rows of the tracks that a request brings, each once, without those not playable."""
    handles = [views.table.handle(name) for name in dict.fromkeys(names)]
    playable = views.table.tracks["playable"]
    return np.array([handle for handle in handles if playable[handle]], np.int32)


def _scores(
    question: Question, decision_id: str, views: Views, slate: tuple[ScoredTrack, ...], reason: str | None
) -> Scores:
    return Scores(
        decision_id=decision_id,
        listener_id=question.listener_id,
        at_ms=question.at_ms,
        surface=question.surface,
        cause=question.cause,
        policy=views.policy_name,
        policy_version=views.version.name,
        slate=slate,
        reason=reason,
    )
