"""Serve: the step that turns one record of a listener into features, feedback and next-track scores.

A pure function from (state, record, views, settings) to a transition. It fires every timer that is due
before the record, puts the record in its place, credits it, and answers the listener's newest record
with one Scores. An exception leaves the state it was given untouched.
"""

from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace

from features.listener.fold import FOLDED_AWAY, TOO_LATE, end_session, fold_play
from features.listener.plays import DUPLICATE, INSERTED, LATENESS_MS
from features.track.layout import EVENT
from numeric.arrays import Bytes, Records, Singles
from pipelines.credit import (
    Earned,
    closed,
    columns_of,
    credited,
    find_credit,
    find_credited,
    lists,
    mark_of,
    organic,
    shown_events,
    verdict_alone,
)
from pipelines.decide import Decided, Question, decide, describe
from pipelines.influence import spent
from pipelines.listener import (
    FRAME_BYTES,
    STATE_BYTES_MAX,
    Listener,
    Pending,
    new_listener,
    newest_decision,
    size_beside,
)
from pipelines.outcome import outcome_of, reward_of
from pipelines.session_marks import session_key
from pipelines.settings import Settings
from pipelines.timers import next_deadline, with_due
from pipelines.views import Views
from topics.dead_letter import Rejected
from topics.feedback import Feedback
from topics.ids import key_of
from topics.play import Play
from topics.request import Request

REQUESTS_KEPT = 16
FOREVER_MS = 2**62


class Transition(Struct):
    """What a step returns: the next state (None: forgotten), and what it emits, in order."""

    state: Listener | None
    decided: Decided | None = None
    feedback: list[Feedback] = field(default_factory=list)
    event_bytes: list[Bytes] = field(default_factory=list)  # of tracks
    recent: tuple[int, int, int] | None = None  # (session mark, track, event time) of a newest play
    counts: dict[str, int] = field(default_factory=dict)
    closed: list[Pending] = field(default_factory=list)  # decisions whose rewards are final, as they ended
    skip: tuple[float, bool] | None = None  # how likely this play's skip was thought, and the verdict
    heard: bool = False  # the record is a play met for the first time, and its listener's newest

    @property
    def events(self) -> list[Records]:
        """The track events as rows of EVENT."""
        return [some.view(EVENT) for some in self.event_bytes]


def serve(
    before: Listener | None,
    record: Play | Request,
    views: Views,
    settings: Settings,
    received_ms: int | None = None,
    *,
    answering: bool = True,
) -> Transition:
    """Apply one record of ``listener-events``; ``received_ms`` is when its log received it, if known.

    Without ``answering`` nothing is decided, so nothing awaits its plays: history is only folded.

    Raises `Rejected` for a record that comes too late or from the future.
    """
    starts_ms = record.started_ms if isinstance(record, Play) else record.at_ms
    if received_ms is not None and starts_ms > received_ms + settings.sessions.early_ms:
        name = "started_ms" if isinstance(record, Play) else "at_ms"
        raise Rejected(
            "future",
            f"{name} is {starts_ms}, expected at most {settings.sessions.early_ms} ms after it was received "
            f"({received_ms}): check the producer's clock",
            name,
        )
    state = before or new_listener()
    done = fire_timers(state, record.listener_id, record.at_ms, views, settings, received_ms)
    if done.state is None:
        done.state = new_listener()
    if isinstance(record, Play):
        _apply_play(done, record, views, settings, received_ms, answering=answering)
    else:
        _apply_request(done, record, views, settings, received_ms, answering=answering)
    _make_room(done, record.listener_id, views, settings)
    done.state = with_due(done.state, settings)
    return done


def fire_timers(
    before: Listener,
    listener_id: str,
    until_ms: int,
    views: Views,
    settings: Settings,
    received_ms: int | None = None,
) -> Transition:
    """Fire, in order of deadline, every timer due at ``until_ms``.

    What they emit depends on the deadline alone, never on when they fire.
    """
    done = Transition(before)
    if received_ms is not None:
        until_ms = max(until_ms, received_ms - settings.sessions.timer_delay_ms)
    if before.due_ms > until_ms:
        return done
    while done.state is not None:
        deadline = next_deadline(done.state, settings)
        if deadline.at_ms > until_ms:
            break
        if deadline.kind == "expiry":
            if until_ms < FOREVER_MS:  # at the end of a log nobody is forgotten
                done.state = None
                done.counts["expired"] = 1
            break
        if deadline.kind == "session":
            plays, events = end_session(done.state.play_bytes, done.state.kept, settings.sessions.gap_ms)
            done.event_bytes.append(events)
            done.state = replace(done.state, play_bytes=plays, open_ms=-1)
        else:
            _close(done, deadline.place, listener_id, views, settings)
    if done.state is not None:
        done.state = with_due(done.state, settings)
    return done


def _apply_play(
    done: Transition,
    play: Play,
    views: Views,
    settings: Settings,
    received_ms: int | None,
    *,
    answering: bool,
) -> None:
    state = done.state
    assert state is not None
    track = views.table.handle(play.track_id)
    length_ms, is_known = views.table.length_of(track)
    if not is_known:
        done.counts["unknown_track"] = 1
    play_hash = key_of(f"{play.play_name}\x1f{play.track_id}")
    outcome = outcome_of(play, length_ms, settings)
    stamp = views.work.next_stamp(views.table)  # first: it may move ``work.own``, the table has grown
    plays, kept, floor_ms, happening, events, open_ms, stands, mark = fold_play(
        state.play_bytes, state.kept, state.floor_ms, state.newest_ms, play.started_ms, play.at_ms,
        (np.uint64(play_hash), np.uint64(key_of(play.event_id))), track,
        (outcome.share, outcome.skipped, play.liked, outcome.ended), settings.sessions.gap_ms,
        (settings.sessions.history_plays, settings.sessions.history_bytes, views.table.longest_id),
        views.table.track_bytes, views.work.own_bytes, stamp,
        np.uint64(session_key(play.listener_id, settings)),
    )  # fmt: skip
    if happening == DUPLICATE:
        done.counts["duplicate"] = 1
        return
    if happening == TOO_LATE:
        raise Rejected(
            "late",
            f"the play's event time is {play.at_ms}, expected at least {state.newest_ms - LATENESS_MS}: "
            "a day before this listener's newest record",
            "started_ms",
        )
    if happening == FOLDED_AWAY:
        raise Rejected(
            "late",
            f"started_ms is {play.started_ms}, expected more than {state.floor_ms}: "
            "what this listener heard up to then is folded away",
            "started_ms",
        )
    newest_ms = max(state.newest_ms, play.at_ms)
    counts = _spend(done, newest_ms if received_ms is None else received_ms, settings)
    if counts:
        earned = Earned(reward_of(stands, settings), stands[1])
        _credit(done, play, play_hash, earned, happening == INSERTED, views, settings)
        done.event_bytes.append(events)
    else:  # nobody is told of it, now or when it ends
        plays, _ = end_session(plays, kept, settings.sessions.gap_ms)
        open_ms = -1
    assert done.state is not None
    done.state = replace(
        done.state, play_bytes=plays, kept=kept, floor_ms=floor_ms, newest_ms=newest_ms, open_ms=open_ms
    )
    if play.at_ms < state.newest_ms:
        done.counts["late_applied"] = 1
        return
    done.heard = happening == INSERTED
    if done.heard and counts and settings.facts.recent_plays:
        done.recent = (int(mark), track, play.at_ms)
    if not answering:
        return
    question = Question(play.listener_id, play.event_id, play.at_ms, play.surface, settings.slates.limit)
    _answer(done, question, views, settings, counts=counts)


def _apply_request(
    done: Transition,
    request: Request,
    views: Views,
    settings: Settings,
    received_ms: int | None,
    *,
    answering: bool,
) -> None:
    state = done.state
    assert state is not None
    name = key_of(request.request_id)
    if name in state.requests:
        done.counts["duplicate"] = 1
        return
    if request.at_ms < state.newest_ms - LATENESS_MS:
        raise Rejected(
            "late",
            f"at_ms is {request.at_ms}, expected at least {state.newest_ms - LATENESS_MS}: "
            "a day before this listener's newest record",
            "at_ms",
        )
    is_newest = request.at_ms >= state.newest_ms
    newest_ms = max(state.newest_ms, request.at_ms)
    counts = _spend(done, newest_ms if received_ms is None else received_ms, settings)
    assert done.state is not None
    done.state = replace(
        done.state,
        requests=(*state.requests, name)[-REQUESTS_KEPT:],
        newest_ms=newest_ms,
        pending=_with_shown(state.pending, request.shown) if counts else state.pending,
    )
    if not is_newest:
        done.counts["late_applied"] = 1
        return
    if not answering:
        return
    limit = settings.slates.limit if request.limit is None else request.limit
    question = Question(
        request.listener_id, request.request_id, request.at_ms, request.surface, limit, request.candidates
    )
    _answer(done, question, views, settings, counts=counts)


def _spend(done: Transition, now_ms: int, settings: Settings) -> bool:
    """Return whether this record counts for others, and note what of its listener's share that takes."""
    assert done.state is not None
    spent_ms = spent(done.state.spent_ms, now_ms, settings)
    if spent_ms is None:
        done.counts["beyond_limit"] = 1
        return False
    done.state = replace(done.state, spent_ms=spent_ms)
    return True


def _answer(done: Transition, question: Question, views: Views, settings: Settings, *, counts: bool) -> None:
    """Decide, and remember the decision until its plays come; a full queue closes its oldest.

    What does not count for others is answered like everything, but nothing is learned from the answer.
    """
    assert done.state is not None
    decided = decide(question, done.state.play_bytes, views, settings)
    done.decided = decided
    if decided.pending is None or not counts:
        return
    while len(done.state.pending) >= settings.slates.pending:
        waiting = [i for i, p in enumerate(done.state.pending) if p.kind == "recommended"]
        if len(waiting) < settings.slates.pending:
            break
        _close(done, waiting[0], question.listener_id, views, settings)
    pending = (*done.state.pending, decided.pending)
    done.state = replace(done.state, pending=pending, contrasts=decided.contrasts)


def _make_room(done: Transition, listener_id: str, views: Views, settings: Settings) -> None:
    """Close the oldest decisions early where those that wait would not fit into a listener's state."""
    room = STATE_BYTES_MAX - FRAME_BYTES - settings.sessions.history_bytes
    assert done.state is not None
    room -= size_beside(done.state.contrasts)
    while done.state.pending and sum([decision.size for decision in done.state.pending]) > room:
        _close(done, 0, listener_id, views, settings)


def _credit(
    done: Transition,
    play: Play,
    play_hash: int,
    earned: Earned,
    is_new: bool,
    views: Views,
    settings: Settings,
) -> None:
    """Tell the decision that this play answers what it earned, or note an organic play."""
    assert done.state is not None
    pending = _with_shown(done.state.pending, play.shown, play.decision_id)
    if is_new:
        credit = find_credit(pending, play, settings)
        if credit is None:
            if play.decision_id is not None:
                done.counts["unknown_decision"] = 1
            done.state = replace(done.state, pending=pending)
            _note_organic(done, play, play_hash, earned, views, settings)
            return
        where, slot = credit.place, credit.slot
        if pending[where].attribution == "none":
            pending = _replaced(pending, where, replace(pending[where], attribution=credit.attribution))
    else:
        found = find_credited(pending, play_hash)
        if found is None:
            done.state = replace(done.state, pending=pending)
            return
        where, slot = found
    mark = mark_of(play.listener_id, settings)
    decision = pending[where]
    if not (decision.skips and decision.skips[slot] >= 0):  # else the verdict is no news
        context, columns = bytearray(decision.context), bytearray(columns_of(decision, slot))
        done.skip = _skip_foretold(
            np.frombuffer(context, "<f4"), np.frombuffer(columns, "<f4"), earned, views
        )
    later, feedback = credited(decision, slot, play_hash, earned, mark, settings)
    if feedback is not None:
        done.feedback.append(feedback)
    done.state = replace(done.state, pending=_replaced(pending, where, later))


def _note_organic(
    done: Transition, play: Play, play_hash: int, earned: Earned, views: Views, settings: Settings
) -> None:
    """Keep a play nobody recommended, told from candidates of the newest decision that were not played.

    All are described as they stood when that slate was drawn, so no column knows of the play itself. A
    track that was no candidate is told from none: why it was none would pass for why it was played. Such
    a play teaches skips alone, if its verdict comes with it.
    """
    state = done.state
    assert state is not None
    newest = newest_decision(state.pending)
    if newest is None or newest.at_ms > play.started_ms:
        return
    contrasts = state.contrasts
    listed = contrasts is not None and lists(contrasts, play.track_id)
    if not listed and earned.skipped < 0:
        return
    track = np.array([views.table.handle(play.track_id)], np.int32)
    context, columns = describe(state.play_bytes, play.listener_id, newest.at_ms, track, views, settings)
    done.skip = _skip_foretold(context, columns[0], earned, views)
    described = context.tobytes(), columns.tobytes()
    mark = mark_of(play.listener_id, settings)
    if contrasts is None or not listed:
        done.feedback.append(verdict_alone(newest, play, described, play_hash, earned, mark))
        return
    noted = organic(newest, contrasts, play, described, play_hash, earned, mark)
    if noted is None:
        return
    decision, feedback = noted
    done.feedback.append(feedback)
    others = tuple([p for p in state.pending if p.kind == "recommended"])
    done.state = replace(state, pending=(*others, decision))


def _skip_foretold(
    context: Singles, columns: Singles, earned: Earned, views: Views
) -> tuple[float, bool] | None:
    """Return how likely a skip was by what is known without this play, and the verdict, if it is known."""
    if earned.skipped < 0:
        return None
    p_skip = views.skips.probability(context, columns)
    return None if p_skip is None else (p_skip, bool(earned.skipped))


def _close(done: Transition, where: int, listener_id: str, views: Views, settings: Settings) -> None:
    """Emit the final part of a decision and what its tracks earned beyond expectation."""
    assert done.state is not None
    decision = done.state.pending[where]
    later, feedback = closed(decision, mark_of(listener_id, settings), settings)
    if feedback is not None:
        done.feedback.append(feedback)
    if decision.kind == "recommended":
        done.closed.append(later)
        done.event_bytes.append(shown_events(later, later.seen, views))
    pending, contrasts = done.state.pending, done.state.contrasts
    if contrasts is not None and decision.kind == "recommended" and newest_decision(pending) is decision:
        contrasts = None
    done.state = replace(done.state, pending=pending[:where] + pending[where + 1 :], contrasts=contrasts)


def _with_shown(
    pending: tuple[Pending, ...], shown: int | None, decision_id: str | None = None
) -> tuple[Pending, ...]:
    """Note how many slots of a decision, by default the newest, the client says were seen."""
    if shown is None:
        return pending
    for where in range(len(pending) - 1, -1, -1):
        decision = pending[where]
        if decision.kind == "recommended" and decision_id in (None, decision.decision_id):
            return _replaced(pending, where, replace(decision, shown=shown))
    return pending


def _replaced(items: tuple[Any, ...], where: int, item: Any) -> tuple[Any, ...]:
    return (*items[:where], item, *items[where + 1 :])
