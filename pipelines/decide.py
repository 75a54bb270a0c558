"""Decide: from a listener, a moment and the views to a slate with its propensities."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from bandits.slate import draw
from candidates import SOURCE_NAMES
from candidates.consider import consider
from candidates.taking import take_slate
from pipelines.listener import Pending, Plays, size_of
from pipelines.settings import Settings
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES, Views
from topics.ids import key_of, name_of
from topics.scores import Decision, ScoredTrack, Scores

Handles = npt.NDArray[np.int32]

NO_HANDLES: Handles = np.zeros(0, np.int32)
CONTEXT_LENGTH, PAIR_LENGTH = len(CONTEXT_NAMES), len(PAIR_NAMES)
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


def describe(
    plays: Plays, now_ms: int, handles: Handles, views: Views, settings: Settings
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the context vector and the columns of given tracks, as known at ``now_ms``."""
    _, _, context, columns = _consider(plays, now_ms, handles, 0, 0, views, settings)
    return context, columns


def decide(question: Question, plays: Plays, views: Views, settings: Settings) -> Decided:
    """Propose candidates, predict them, draw the slate."""
    decision_id = name_of(question.listener_id, question.cause)
    key = key_of(f"{settings.seed}\x1f{decision_id}")
    given, limit = NO_HANDLES, settings.candidates.limit
    if question.candidates is not None:
        given, limit = _usable(question.candidates, views), 0
    handles, sources, context, columns = _consider(plays, question.at_ms, given, limit, key, views, settings)
    known = views.version.predict(context, columns, views.policy, key)
    considered = Considered(handles, sources, context, columns, known.mean)
    if len(handles) == 0:
        return Decided(_scores(question, decision_id, views, (), NO_CANDIDATE), None, considered)

    chosen, propensity = draw(views.policy, known, question.limit, key)
    drawn, proposed_by, means, scores, slate_columns, p_skips = take_slate(
        chosen, handles, sources, known.mean, columns, context, views.skips.weights
    )
    track_names = views.table.names
    names = tuple([track_names[handle] for handle in drawn.tolist()])
    propensities = tuple(propensity.tolist())
    source_names = [SOURCE_NAMES[source] for source in proposed_by.tolist()]
    skips = p_skips.tolist() or (None,) * len(names)
    slate = tuple(map(ScoredTrack, names, scores.tolist(), propensities, source_names, skips))
    context_bytes, columns_bytes = context.tobytes(), slate_columns.tobytes()
    version = views.version.name
    pending = Pending(
        decision_id=decision_id,
        at_ms=question.at_ms,
        kind="recommended",
        attribution="none",
        policy=views.policy_name,
        policy_version=version,
        tracks=names,
        propensities=propensities,
        means=tuple(means.tolist()),
        context=context_bytes,
        columns=columns_bytes,
        plays=(0,) * len(names),
        rewards=(0.0,) * len(names),
        size=size_of(names, context_bytes, columns_bytes, views.policy_name, version),
    )
    return Decided(_scores(question, decision_id, views, slate, None), pending, considered)


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


def _consider(
    plays: Plays, now_ms: int, given: Handles, limit: int, key: int, views: Views, settings: Settings
) -> tuple[Handles, npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    table, work = views.table, views.work
    stamp = work.next_stamp(table)
    found: tuple[Handles, npt.NDArray[np.uint8], npt.NDArray[np.float32], npt.NDArray[np.float32]] = consider(
        given, limit, now_ms, settings.sessions.gap_ms, np.uint64(key), stamp, plays, views.quotas,
        table.tracks, table.followers, table.popular, table.fresh, table.clock,
        work.own, work.by_artist, work.shortlist, work.summary, CONTEXT_LENGTH, PAIR_LENGTH,
    )  # fmt: skip
    return found


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
