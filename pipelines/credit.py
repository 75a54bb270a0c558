"""Credit: which decision a play answers, what that earned, and the feedback that tells it."""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b
from itertools import repeat
from typing import Literal, NamedTuple

import numpy as np
from msgspec.structs import replace

from bandits.examination import seen
from features.track.events import write_shown
from features.track.layout import EVENT
from numeric.arrays import Bytes
from pipelines.listener import CREDIT_BYTES, LISTED_BYTES, Contrasts, Pending, size_of
from pipelines.settings import Settings
from pipelines.views import LAYOUT, Views
from topics.feedback import Feedback, FeedbackSlot
from topics.ids import key_of
from topics.play import Play


class Credit(NamedTuple):
    """The place of a play among the pending decisions."""

    place: int  # in the tuple of pending decisions
    slot: int
    attribution: Literal["decision_id", "track"]


def find_credit(pending: tuple[Pending, ...], play: Play, settings: Settings) -> Credit | None:
    """Return which slot of which decision this play answers; None if nobody recommended it.

    The client's ``decision_id`` decides; without it, the newest earlier decision that holds the track.
    A slot is credited once, and only within the attribution window.
    """
    for place in range(len(pending) - 1, -1, -1):
        decision = pending[place]
        if decision.kind == "organic" or play.track_id not in decision.tracks:
            continue
        if play.decision_id is not None and decision.decision_id != play.decision_id:
            continue
        slot = decision.tracks.index(play.track_id)
        since_ms = play.started_ms - decision.at_ms
        if decision.plays[slot] == 0 and 0 <= since_ms <= settings.slates.attribution_window_ms:
            return Credit(place, slot, "track" if play.decision_id is None else "decision_id")
    return None


def find_credited(pending: tuple[Pending, ...], play_hash: int) -> tuple[int, int] | None:
    """Return (place, slot) of the decision that this play was credited to before, if any."""
    for place, decision in enumerate(pending):
        if play_hash in decision.plays:
            return place, decision.plays.index(play_hash)
    return None


class Earned(NamedTuple):
    """What a play has earned so far, and the verdict on it (−1: unknown)."""

    reward: float
    skipped: int


def credited(
    decision: Pending, slot: int, play_hash: int, earned: Earned, mark: str, settings: Settings
) -> tuple[Pending, Feedback | None]:
    """Return the decision with what this slot earned, and the part of feedback that this changes."""
    plays, rewards = list(decision.plays), list(decision.rewards)
    plays[slot], rewards[slot] = play_hash, earned.reward
    change = earned.reward - decision.rewards[slot]
    size = decision.size + (0 if decision.plays[slot] else CREDIT_BYTES)
    later = replace(decision, plays=tuple(plays), rewards=tuple(rewards), size=size)
    verdicts: tuple[int, ...] = ()
    if earned.skipped >= 0 and (not decision.skips or decision.skips[slot] < 0):
        skips = list(decision.skips or (-1,) * len(plays))
        skips[slot] = earned.skipped
        later = replace(later, skips=tuple(skips))
        verdicts = (slot,)
    changed = {slot: change} if slot < decision.seen and (change != 0.0 or verdicts) else {}
    return _part(later, changed, verdicts, mark, settings, final=False)


def organic(
    newest: Pending,
    contrasts: Contrasts,
    play: Play,
    described: tuple[bytes, bytes],
    play_hash: int,
    earned: Earned,
    mark: str,
) -> tuple[Pending, Feedback] | None:
    """Return a play nobody recommended as a decision of its own, and the feedback that tells of it.

    ``described`` are the play's context and columns as of the ``newest`` decision, which listed it. The
    feedback tells it from candidates drawn beside that decision's slate, without those played since. Where
    nobody says what was shown, the listener chose among all candidates, and each stands for its share of
    them; else they count as one together. None if there is no such candidate.
    """
    others = _rows_beside(newest, contrasts, play.track_id)
    if not others:
        return None
    context, columns = described
    tracks, policy, version = (play.track_id,), newest.policy, newest.policy_version
    decision = Pending(
        decision_id=f"{play_hash:016x}",
        at_ms=newest.at_ms,
        kind="organic",
        attribution="none",
        policy=policy,
        policy_version=version,
        tracks=tracks,
        propensities=(0.0,),
        means=(0.0,),
        context=context,
        columns=columns,
        plays=(play_hash,),
        rewards=(earned.reward,),
        skips=() if earned.skipped < 0 else (earned.skipped,),
        seen=1,
        parts=1,
        size=size_of(tracks, context, columns, policy, version) + CREDIT_BYTES,
    )
    verdict = None if earned.skipped < 0 else bool(earned.skipped)
    first = FeedbackSlot(0, play.track_id, columns, None, earned.reward, earned.reward, True, verdict)
    return decision, _organic_feedback(newest, context, (first, *others), play_hash, mark)


def verdict_alone(
    newest: Pending, play: Play, described: tuple[bytes, bytes], play_hash: int, earned: Earned, mark: str
) -> Feedback:
    """Return the feedback of a play whose track was no candidate: the verdict on it, and no reward."""
    context, columns = described
    slot = FeedbackSlot(0, play.track_id, columns, None, 0.0, skipped=bool(earned.skipped))
    return _organic_feedback(newest, context, (slot,), play_hash, mark)


def _organic_feedback(
    newest: Pending, context: bytes, slots: tuple[FeedbackSlot, ...], play_hash: int, mark: str
) -> Feedback:
    return Feedback(
        decision_id=f"{play_hash:016x}",
        listener_mark=mark,
        at_ms=newest.at_ms,
        kind="organic",
        attribution="none",
        policy=newest.policy,
        policy_version=newest.policy_version,
        layout=LAYOUT,
        context=context,
        slots=slots,
    )


def lists(contrasts: Contrasts, track_id: str) -> bool:
    """Return whether a track was a candidate of the newest decision (one in 600 is taken for one)."""
    low = key_of(track_id).to_bytes(8, "little")[:LISTED_BYTES]
    at = contrasts.listed.find(low)
    while at % LISTED_BYTES:  # half of one key and half of the next; -1 comes here, too
        if at < 0:
            return False
        at = contrasts.listed.find(low, at + 1)
    return True


def _rows_beside(decision: Pending, contrasts: Contrasts, track_id: str) -> list[FeedbackSlot]:
    """Return the rows that a play of ``track_id`` is told from."""
    played = {name for name, play in zip(decision.tracks, decision.plays, strict=True) if play}
    count = max(len(contrasts.tracks), 1)
    width = len(contrasts.columns) // count
    weight = contrasts.weight if decision.shown < 0 else 1.0 / count
    return [
        FeedbackSlot(
            1 + i, name, contrasts.columns[i * width : (i + 1) * width], None, 0.0, first=True, weight=weight
        )
        for i, name in enumerate(contrasts.tracks)
        if name != track_id and name not in played
    ]


def columns_of(decision: Pending, slot: int) -> bytes:
    """Return the columns of one slot, as the decision has them."""
    width = len(decision.columns) // len(decision.tracks)
    return decision.columns[slot * width : (slot + 1) * width]


def closed(decision: Pending, mark: str, settings: Settings) -> tuple[Pending, Feedback | None]:
    """Return the decision with all its seen slots, and the final part of its feedback.

    An organic one has no final part: nobody evaluates it.
    """
    return _part(decision, {}, (), mark, settings, final=True)


def _part(
    decision: Pending,
    changed: dict[int, float],
    verdicts: tuple[int, ...],
    mark: str,
    settings: Settings,
    *,
    final: bool,
) -> tuple[Pending, Feedback | None]:
    if decision.kind == "organic":
        count = len(decision.tracks)
    else:
        played = [slot for slot, play in enumerate(decision.plays) if play]
        shown = None if decision.shown < 0 else decision.shown
        known = final or played or settings.slates.examination != "cascade"
        count = seen(settings.slates.examination, len(decision.tracks), played, shown) if known else 0
    rows = [_changed_row(decision, slot, change) for slot, change in changed.items()]
    if count > decision.seen:
        rows += _first_rows(decision, decision.seen, count)
    if decision.skips:
        rows = [_with_verdict(decision, row, verdicts) for row in rows]
    if not rows and (not final or decision.kind == "organic"):
        return decision, None
    feedback = Feedback(
        decision_id=decision.decision_id,
        listener_mark=mark,
        at_ms=decision.at_ms,
        kind=decision.kind,
        attribution=decision.attribution,
        policy=decision.policy,
        policy_version=decision.policy_version,
        layout=LAYOUT,
        context=decision.context,
        slots=tuple(rows),
        part=decision.parts,
        final=final,
    )
    return replace(decision, seen=max(decision.seen, count), parts=decision.parts + 1), feedback


def _first_rows(decision: Pending, start: int, end: int) -> Iterable[FeedbackSlot]:
    """Return the rows of slots that no earlier part has told of: their whole reward is news."""
    width = len(decision.columns) // len(decision.tracks)
    rewards = decision.rewards[start:end]
    recommended = decision.kind == "recommended"
    return map(
        FeedbackSlot,
        range(start, end),
        decision.tracks[start:end],
        [decision.columns[at : at + width] for at in range(start * width, end * width, width)],
        decision.propensities[start:end] if recommended else repeat(None),
        rewards,
        rewards,
        repeat(True),
    )


def _with_verdict(decision: Pending, row: FeedbackSlot, news: tuple[int, ...]) -> FeedbackSlot:
    """Return the row with the verdict on its play, if this part is the first to tell it."""
    skipped = decision.skips[row.slot]
    if skipped < 0 or not (row.first or row.slot in news):
        return row
    return replace(row, skipped=bool(skipped))


def _changed_row(decision: Pending, slot: int, change: float) -> FeedbackSlot:
    """Return the row of a slot whose reward has changed since an earlier part."""
    return FeedbackSlot(
        slot=slot,
        track_id=decision.tracks[slot],
        columns=columns_of(decision, slot),
        propensity=decision.propensities[slot] if decision.kind == "recommended" else None,
        reward=decision.rewards[slot],
        reward_change=change,
    )


def shown_events(decision: Pending, seen_slots: int, views: Views) -> Bytes:
    """Return one track event for each slot that was seen: what it earned beyond what was expected."""
    event_bytes = np.empty(seen_slots * EVENT.itemsize, np.uint8)
    earned = np.array(decision.rewards[:seen_slots] + decision.means[:seen_slots])
    write_shown(event_bytes, views.table.handles(decision.tracks[:seen_slots]), earned, decision.at_ms)
    return event_bytes


def mark_of(listener_id: str, settings: Settings) -> str:
    """Return the keyed hash under which a listener stands in feedback.

    >>> len(mark_of("ann", Settings()))
    16
    """
    return _mark(listener_id, settings.mark_key)


@lru_cache(maxsize=65_536)  # asked several times a play
def _mark(listener_id: str, mark_key: str) -> str:
    return blake2b(listener_id.encode(), key=mark_key.encode(), digest_size=8).hexdigest()
