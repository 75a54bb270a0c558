"""Predictions: each listener's newest scores, and how well they told what was played next."""

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from numeric.jit import kernel
from pipelines.listener import Pending
from pipelines.replay.baselines import Baselines
from pipelines.replay.engine import Engine
from pipelines.replay.options import Options
from pipelines.replay.quality import Quality
from pipelines.replay.watch import Watch
from pipelines.serve import Transition
from state.envelope import seal, unseal
from state.keys import key, prefix
from state.store import Store
from topics.play import Play
from topics.request import Request

VERSION = 1


class Asked(Struct, frozen=True):
    """What was offered: all candidates with their means, and the slate as drawn."""

    handles: npt.NDArray[np.int32]
    means: npt.NDArray[np.float64]
    slate: tuple[str, ...]
    opener: bool
    at_ms: int


class _Stored(Struct, frozen=True, array_like=True):
    names: list[str]
    means: bytes
    slate: tuple[str, ...]
    opener: bool
    at_ms: int


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Stored).decode


class Predictions:
    """Remembers what each listener was offered, and tallies where the next play stood in it.

    Each play counts once, if it is its listener's newest when it comes: by the order of scores, by the
    slate as drawn, and by the baselines of the same pass. ``plays`` is how many the log has, if a share
    of them was asked for.
    """

    def __init__(self, options: Options, engine: Engine, plays: int | None) -> None:
        self._options = options
        self._engine = engine
        self._asked: dict[str, Asked] = {}
        self._changed: set[str] = set()
        self.watch: Watch | None = None
        self._durable = options.state is not None
        self._gap_ms = engine.settings.sessions.gap_ms
        start = options.evaluate_from if plays is None else options.evaluate_from.after_plays(plays)
        baselines = ("markov", "own_popular", "popular") if options.baselines else ()
        self.quality = Quality(("segue", "slate", *baselines), start, options.openers)
        self._baselines = Baselines(keep_changes=self._durable)

    def of(self, listener_id: str) -> Asked | None:
        """Return what a listener was offered last."""
        return self._asked.get(listener_id)

    def remember(self, listener_id: str, done: Transition, *, opener: bool = False) -> None:
        """Keep what a transition offered its listener."""
        decided = done.decided
        if decided is None:
            return
        slate = () if decided.pending is None else decided.pending.tracks
        considered = decided.considered
        self._asked[listener_id] = Asked(
            considered.handles, considered.means, slate, opener, decided.scores.at_ms
        )
        if self._durable:
            self._changed.add(listener_id)

    def observe(
        self, record: Play | Request, asked: Asked | None, done: Transition, *, opener: bool = False
    ) -> None:
        """Count a play by what was offered before it; then remember what is offered now.

        ``opener`` says that the record is a request that opens a session.
        """
        if done.skip is not None and self.quality.counts(self._engine.plays - 1, record.at_ms, False):
            self.quality.add_skip(*done.skip)
        if done.heard and isinstance(record, Play):
            self._count(record, asked)
        self.remember(record.listener_id, done, opener=opener)

    def judge(self, decision: Pending) -> None:
        """Count what a closed decision earned, and how well its seen slots foretold it."""
        quality, seen = self.quality, decision.seen
        quality.add_reward(sum(decision.rewards))
        if quality.counts(self._engine.plays - 1, decision.at_ms, False):
            quality.add_slots(decision.means[:seen], decision.rewards[:seen])

    def forget(self, listener_id: str) -> None:
        """Forget a listener who asked to be erased; what they added to everyone's counts stays."""
        if self._asked.pop(listener_id, None) is not None and self._durable:
            self._changed.add(listener_id)
        if self._options.baselines:
            self._baselines.forget(listener_id)

    def _count(self, play: Play, asked: Asked | None) -> None:
        ranks: dict[str, int | None] = {}
        if self._options.baselines:
            ranks.update(self._baselines.observe(play.listener_id, play.track_id))
        opener = asked is None or asked.opener or play.started_ms - asked.at_ms > self._gap_ms
        counted = self.quality.counts(self._engine.plays - 1, play.at_ms, opener)
        if not counted and self.watch is None:
            return
        rank, slot = None, None
        if asked is not None:
            place = rank_of(self._engine.views.table.handle(play.track_id), asked.handles, asked.means)
            rank = None if place < 0 else place
            slot = asked.slate.index(play.track_id) if play.track_id in asked.slate else None
        ranks |= {"segue": rank, "slate": slot}
        if counted:
            self.quality.add(ranks)
        if self.watch is not None:
            self.watch.ranked(play, ranks, counted=counted)

    def forget_before(self, at_ms: int) -> None:
        """Drop what was offered before a moment: the listener's next play opens a session and asks anew."""
        old = [name for name, asked in self._asked.items() if asked.at_ms < at_ms]
        for name in old:
            del self._asked[name]
            if self._durable:
                self._changed.add(name)

    def changes(self) -> dict[bytes, bytes | None]:
        """Return what a store needs in order to go on counting from here."""
        changes: dict[bytes, bytes | None] = {}
        names = self._engine.views.table.names
        for listener_id in sorted(self._changed):
            asked = self._asked.get(listener_id)
            if asked is None:
                changes[key("asked", listener_id)] = None
                continue
            stored = _Stored(
                [names[handle] for handle in asked.handles.tolist()],
                asked.means.tobytes(),
                asked.slate,
                asked.opener,
                asked.at_ms,
            )
            changes[key("asked", listener_id)] = seal(VERSION, _encode(stored))
        self._changed.clear()
        for name, value in self._baselines.changes().items():
            changes[prefix("baseline") + name] = value
        changes[key("run", "quality")] = seal(VERSION, self.quality.save())
        return changes

    def summary(self) -> dict[str, Any]:
        """Return the quality as the summary's JSON has it."""
        return self.quality.summary()

    def restore(self, store: Store) -> None:
        """Go on from what `changes` gave to a store."""
        handle = self._engine.views.table.handle
        asked_from, baselines_from = prefix("asked"), prefix("baseline")
        for name, value in store.scan(asked_from):
            stored = _decode(unseal(value, VERSION, what="what a listener was offered"))
            handles = np.array([handle(track_id) for track_id in stored.names], np.int32)
            means = np.frombuffer(bytearray(stored.means), np.float64)  # writable, as kernels know them
            listener_id = name[len(asked_from) :].decode()
            self._asked[listener_id] = Asked(handles, means, stored.slate, stored.opener, stored.at_ms)
        self._baselines.restore(
            (name[len(baselines_from) :], value) for name, value in store.scan(baselines_from)
        )
        quality = store.get(key("run", "quality"))
        if quality is not None:
            self.quality.restore(unseal(quality, VERSION, what="the quality so far"))


@kernel
def rank_of(handle: int, handles: npt.NDArray[np.int32], means: npt.NDArray[np.float64]) -> int:
    """Return a track's place by mean, from 0, equals in candidate order; −1 if it is no candidate.

    >>> rank_of(7, np.array([5, 7, 9], np.int32), np.array([0.1, 0.2, 0.3]))
    1
    """
    place = -1
    for i in range(len(handles)):
        if handles[i] == handle:
            place = i
            break
    if place < 0:
        return -1
    rank = 0
    for i in range(len(handles)):
        if means[i] > means[place] or (i < place and means[i] == means[place]):
            rank += 1
    return rank
