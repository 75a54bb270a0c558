"""Contestant: one advisor in its own life of the world, and what its advice has earned."""

from collections.abc import Iterator
from heapq import heappop, heappush

from pipelines.demo.advisor import Advisor
from pipelines.demo.life import Answer, Choice, Life, Turn, play_record
from pipelines.demo.tally import Tally
from topics.play import Play


class Contestant:
    """Walks a life turn by turn; every contestant meets the same listeners with the same luck.

    Advice earns the reward of the track that was taken from the slate, 0 if none was. Turns at which
    the listener wants no advice are heard by the advisor, but nobody's merit.
    """

    def __init__(self, name: str, life: Life, advisor: Advisor, tally: Tally) -> None:
        self.name = name
        self.advisor = advisor
        self.tally = tally
        self.plays = 0
        self._life = life
        self._turns: Iterator[Turn] = life.turns()
        self._ahead: Turn | None = next(self._turns, None)
        self._playing: list[tuple[int, int, Play, Answer]] = []  # by the time at which they end

    @property
    def over(self) -> bool:
        """Whether the world has ended."""
        return self._ahead is None

    def walk(self, until_ms: int) -> Iterator[int]:
        """Deal with all turns before ``until_ms``; yield how many plays there are so far, after each."""
        while self._ahead is not None and self._ahead.at_ms < until_ms:
            self._deal_with(self._ahead)
            yield self.plays
            self._ahead = next(self._turns, None)

    def _deal_with(self, turn: Turn) -> None:
        self._hear_ended(turn.at_ms)
        life, advice = self._life, self.advisor.advise(turn)
        alone = turn.picks_own
        choice = Choice(life.own_choice(turn), None, 0) if alone else life.choose(turn, advice.track_ids)
        answer = life.play(turn, choice.track_id)
        taken = choice.slot is not None
        if not alone:
            self.tally.add(turn.at_ms, answer.reward if taken else 0.0, advice.track_ids[: choice.shown])
        play = play_record(turn, answer, advice.decision_id if taken else None, choice.shown)
        heappush(self._playing, (play.at_ms, self.plays, play, answer))
        self.plays += 1

    def _hear_ended(self, at_ms: int) -> None:
        while self._playing and self._playing[0][0] <= at_ms:
            _, _, play, answer = heappop(self._playing)
            self.advisor.hear(play, answer)
