"""Life: one run of the world under one policy: who asks when, and what came of what was played."""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush

import numpy as np
from msgspec import Struct

from bandits.reward import RewardSettings, reward
from numeric.arrays import Floats
from numeric.dice import uniform
from numeric.exact import logistic
from pipelines.demo.choosing import own_choice
from pipelines.demo.listening import CURIOUS, DISLIKES, SKIP_SHARE_MEAN, History, answer, enjoyments
from pipelines.demo.luck import FANCIES, PICKS_OWN, session_key, turn_key
from pipelines.demo.sessions import LEFT_MS, QUARTER_MS, openings, session_opening
from pipelines.demo.truth import Truth
from topics.play import Play


class Turn(Struct, frozen=True):
    """A listener wants to hear something."""

    listener_id: str
    listener: int  # its number
    at_ms: int
    session: int  # quarter of a day since the world's start
    step: int  # plays before this one in the session
    picks_own: bool  # in one turn of five they want no advice

    @property
    def opens(self) -> bool:
        """Whether this turn opens a session."""
        return self.step == 0

    @property
    def name(self) -> str:
        """The same for this turn under every policy."""
        return f"{self.listener}.{self.session}.{self.step}"


class Choice(Struct, frozen=True):
    """What a listener took from a slate: ``slot`` is null where they picked something of their own."""

    track_id: str
    slot: int | None
    shown: int  # slots they looked at


class Answer(Struct, frozen=True):
    """What came of playing a track."""

    track_id: str
    started_ms: int
    heard_ms: int
    length_ms: int
    skipped: bool
    liked: int
    reward: float  # in [0, 1], by the same rule as the engine's


class Life:
    """What listeners did so far. Deal with each turn before asking for the next.

    A turn that is left without a play ends its session: the listener closes the app.
    """

    def __init__(
        self,
        truth: Truth,
        listener_ids: Sequence[str],
        track_ids: Sequence[str],
        track_number: Mapping[str, int],
        end_ms: int,
        history: History,
        reward_settings: RewardSettings,
    ) -> None:
        self._truth = truth
        self._listener_ids = listener_ids
        self._track_ids = track_ids
        self._track_number = track_number
        self._end_ms = end_ms
        self._history = history
        self._reward_settings = reward_settings
        self._next_ms: int | None = None  # of the turn just answered

    def turns(self) -> Iterator[Turn]:
        """Yield who wants to hear something, in event-time order over all listeners, to the world's end.

        Sessions never cross a quarter of a day, so each quarter is one small heap.
        """
        for session in range((self._end_ms - int(self._truth.start_ms)) // QUARTER_MS):
            quarter_ms = int(self._truth.start_ms) + session * QUARTER_MS
            heap = []
            for listener in openings(self._truth, session).tolist():
                key = np.uint64(session_key(self._truth.seed, listener, session))
                opening_ms, turns = session_opening(key)
                heap.append((quarter_ms + opening_ms, listener, 0, turns))
            heapify(heap)
            while heap:
                at_ms, listener, step, turns = heappop(heap)
                key = np.uint64(turn_key(self._truth.seed, listener, session, step))
                yield Turn(
                    self._listener_ids[listener],
                    listener,
                    at_ms,
                    session,
                    step,
                    picks_own=uniform(key, PICKS_OWN) < 0.2,
                )
                next_ms = self._take_next()
                if next_ms is not None and next_ms < quarter_ms + LEFT_MS and step + 1 < turns:
                    heappush(heap, (next_ms, listener, step + 1, turns))

    def _take_next(self) -> int | None:
        next_ms, self._next_ms = self._next_ms, None
        return next_ms

    def own_choice(self, turn: Turn) -> str:
        """Return the track that the listener picks by themselves."""
        number = own_choice(self._truth, self._history, turn.listener, turn.session, turn.step, turn.at_ms)
        return self._track_ids[number]

    def choose(self, turn: Turn, slate: Sequence[str]) -> Choice:
        """Let the listener go down a slate until a track attracts them; else they pick their own."""
        key = np.uint64(turn_key(self._truth.seed, turn.listener, turn.session, turn.step))
        for slot, logit in enumerate(self._enjoyments(turn, slate).tolist()):
            if uniform(key, FANCIES + slot) < logistic(logit + CURIOUS):
                return Choice(slate[slot], slot, slot + 1)
        return Choice(self.own_choice(turn), None, len(slate))

    def play(self, turn: Turn, track_id: str) -> Answer:
        """Play a track, once a turn, and return what came of it.

        Raises KeyError for a track the world does not know, ValueError for one not released yet or a
        second play in one turn.
        """
        track = self._track_number[track_id]
        if self._truth.released_ms[track] > turn.at_ms:
            raise ValueError(f"{track_id} is released after turn {turn.name}; offer released tracks only")
        if self._next_ms is not None:
            raise ValueError(f"turn {turn.name} was played already; ask turns() for the next one")
        logit = float(self._enjoyments(turn, [track_id])[0])
        heard_ms, liked, pause_ms = answer(
            self._truth, self._history, turn.listener, turn.session, turn.step, turn.at_ms, track, logit
        )
        length_ms = int(self._truth.length_ms[track])
        self._next_ms = turn.at_ms + heard_ms + pause_ms
        share, skipped = heard_ms / length_ms, heard_ms < length_ms
        earned = reward(share, skipped, liked, ended=True, settings=self._reward_settings)
        return Answer(track_id, turn.at_ms, heard_ms, length_ms, skipped, liked, earned)

    def expected_reward(self, turn: Turn, track_ids: Sequence[str]) -> Floats:
        """Return the truth: what playing each of these tracks would earn on average, (n,) in [0, 1].

        A track not released yet earns what a sure skip does.
        """
        skipped = self._reward_settings.skipped * SKIP_SHARE_MEAN * (1.0 - DISLIKES)
        finishes = np.array([logistic(logit) for logit in self._enjoyments(turn, track_ids).tolist()])
        return finishes + (1.0 - finishes) * skipped

    def best(self, turn: Turn, n: int = 1) -> list[str]:
        """Return the n tracks that would earn most at this turn, best first."""
        logits = self._enjoyments(turn, None)
        if n == 1:
            return [self._track_ids[int(np.argmax(logits))]]
        top = np.sort(np.argpartition(-logits, n - 1)[:n]) if n < logits.size else np.arange(logits.size)
        order = top[np.argsort(-logits[top], kind="stable")]
        return [self._track_ids[k] for k in order.tolist()]

    def _enjoyments(self, turn: Turn, track_ids: Sequence[str] | None) -> Floats:
        number = self._track_number
        if track_ids is None:
            tracks = np.arange(len(self._track_ids))
        else:
            tracks = np.array([number[track_id] for track_id in track_ids], np.int64)
        out = np.empty(tracks.size)
        enjoyments(
            self._truth, self._history, turn.listener, turn.session, turn.step, turn.at_ms, tracks, out
        )
        return out


def play_record(
    turn: Turn,
    answer: Answer,
    decision_id: str | None = None,
    shown: int | None = None,
    surface: str = "now_playing",
) -> Play:
    """Return the record that a producer would publish once the play has ended."""
    return Play(
        event_id=f"{turn.name}.ended",
        listener_id=turn.listener_id,
        track_id=answer.track_id,
        started_ms=answer.started_ms,
        heard_ms=answer.heard_ms,
        length_ms=answer.length_ms,
        end_reason="fwdbtn" if answer.skipped else "trackdone",
        liked=answer.liked,
        play_id=turn.name,
        decision_id=decision_id,
        shown=shown,
        surface=surface,
    )
