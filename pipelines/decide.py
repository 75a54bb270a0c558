"""Decide: from a listener, a moment and the views to a slate with its propensities."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from bandits.slate import draw
from candidates import SOURCE_NAMES
from candidates.blend import REQUESTED, blend
from features.context import fill_context
from features.listener.recall import recall
from features.pair import fill_columns
from pipelines.listener import Pending, Plays
from pipelines.settings import Settings
from pipelines.views import CONTEXT_NAMES, LAYOUT, PAIR_NAMES, Views
from topics.ids import key_of, name_of
from topics.scores import Decision, ScoredTrack, Scores

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

    handles: npt.NDArray[np.int32]
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
    plays: Plays, now_ms: int, handles: npt.NDArray[np.int32], views: Views, settings: Settings
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the context vector and the columns of given tracks, as known at ``now_ms``."""
    stamp = _recall(plays, now_ms, views, settings)
    return _fill(handles, views, stamp)


def decide(question: Question, plays: Plays, views: Views, settings: Settings) -> Decided:
    """Propose candidates, predict them, draw the slate."""
    decision_id = name_of(question.listener_id, question.cause)
    key = key_of(f"{settings.seed}\x1f{decision_id}")
    table, work = views.table, views.work
    given = [] if question.candidates is None else [table.handle(name) for name in question.candidates]
    stamp = _recall(plays, question.at_ms, views, settings)
    if question.candidates is None:
        handles = np.empty(settings.candidates.limit, np.int32)
        sources = np.empty(settings.candidates.limit, np.uint8)
        count = blend(
            handles, sources, views.quotas, work.shortlist, plays, work.own, table.tracks, table.followers,
            table.popular, table.fresh, table.clock, work.summary, stamp, np.uint64(key),
        )  # fmt: skip
        handles, sources = handles[:count], sources[:count]
    else:
        usable = [handle for handle in dict.fromkeys(given) if table.tracks["playable"][handle]]
        handles = np.array(usable, np.int32)
        sources = np.full(len(usable), REQUESTED, np.uint8)
    context, columns = _fill(handles, views, stamp)
    known = views.version.predict(context, columns, views.policy, key)
    considered = Considered(handles, sources, context, columns, known.mean)
    if len(handles) == 0:
        return Decided(_scores(question, decision_id, views, (), NO_CANDIDATE), None, considered)

    chosen, propensity = draw(views.policy, known, question.limit, key)
    drawn = handles[chosen].tolist()
    names = tuple([table.names[handle] for handle in drawn])
    means = known.mean[chosen]
    propensities = tuple(propensity.tolist())
    slate = tuple(
        [
            ScoredTrack(name, score, share, SOURCE_NAMES[source])
            for name, score, share, source in zip(
                names, rounded(means), propensities, sources[chosen].tolist(), strict=True
            )
        ]
    )
    pending = Pending(
        decision_id=decision_id,
        at_ms=question.at_ms,
        kind="recommended",
        attribution="none",
        policy=views.policy_name,
        policy_version=views.version.name,
        tracks=names,
        propensities=propensities,
        means=tuple(means.tolist()),
        context=context.tobytes(),
        columns=columns[chosen].tobytes(),
        plays=(0,) * len(names),
        rewards=(0.0,) * len(names),
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


def rounded(means: npt.NDArray[np.float64]) -> list[float]:
    """Return expected rewards in [0, 1] with 6 significant digits.

    >>> rounded(np.array([-0.1, 0.123456789, 3.0]))
    [0.0, 0.123457, 1.0]
    """
    return [float(f"{mean:.6g}") for mean in np.clip(means, 0.0, 1.0).tolist()]


def _recall(plays: Plays, now_ms: int, views: Views, settings: Settings) -> int:
    table, work = views.table, views.work
    stamp = work.next_stamp(table)
    recall(
        plays, now_ms, settings.sessions.gap_ms, table.tracks, table.followers, table.popular, table.clock,
        work.own, work.by_artist, stamp, work.summary,
    )  # fmt: skip
    return stamp


def _fill(
    handles: npt.NDArray[np.int32], views: Views, stamp: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    table, work = views.table, views.work
    context = np.empty(len(CONTEXT_NAMES), np.float32)
    columns = np.empty((len(handles), len(PAIR_NAMES)), np.float32)
    fill_context(context, work.summary)
    fill_columns(columns, handles, work.own, table.tracks, work.by_artist, work.summary, stamp)
    return context, columns


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
