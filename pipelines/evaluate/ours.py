"""Our own logs: decisions joined with the feedback that came later."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from numeric.arrays import Floats
from pipelines.evaluate.follower import Follower
from pipelines.evaluate.question import Closed, Judge, Question, WrongLog, asked
from pipelines.importers.archive import sources_of
from topics.codec import decode_line
from topics.dead_letter import DeadLetter, Rejected
from topics.feedback import Feedback
from topics.ids import key_of
from topics.scores import Decision

AHEAD = 50_000  # decisions read in search of a feedback's, beyond the last that was found


class Open(NamedTuple):
    """A decision that waits for its feedback: what was thought of it, and what it has earned."""

    position: int
    opinions: Floats
    reward: Floats
    listener: int
    propensity: float


class OurLog:
    """`decision.v1` lines and the `feedback.v1` lines of the same run, each in log order.

    A decision counts once its final feedback is there; slots that were not seen earned 0. What nobody
    recommended (organic), what may have been drawn otherwise another time (not repeatable), and what
    was still open when the log ended is left out and counted. Waiting decisions are held without their
    columns, and at most ``AHEAD`` more are read in search of one: memory does not grow with the log.
    """

    def __init__(
        self, decisions: str, feedback: str, slots: int, seed: int, follower: Follower | None = None
    ) -> None:
        self.left_out: Counter[str] = Counter()
        self._follower = follower
        self._layout = ""
        self._slots = slots
        self._seed = seed
        self._decisions = records(decisions, Decision)
        self._feedback = records(feedback, Feedback)
        self._open: dict[str, Open] = {}
        self._read = self._found = 0  # decisions read; position after the last that was found

    def closed(self, judge: Judge) -> Iterator[Closed]:
        """Yield every decision at its final feedback."""
        for source, number, feedback in self._feedback:
            recommended = feedback.kind == "recommended"
            waiting = self._search(feedback.decision_id, judge) if recommended else None
            if self._follower is not None:  # after its decision was judged
                self._follower.hear(feedback)
            if not recommended:
                self.left_out[f"{feedback.kind} feedback"] += feedback.part == 0
                continue
            if waiting is None:
                self.left_out["feedback without its decision"] += feedback.final
                continue
            for slot in feedback.slots:
                if slot.propensity is None:
                    raise WrongLog(source, number, _wrong("slots[].propensity", None, "that of the decision"))
                if slot.slot < len(waiting.reward):
                    waiting.reward[slot.slot] = slot.reward
            if feedback.final:
                del self._open[feedback.decision_id]
                _, opinions, reward, listener, propensity = waiting
                yield Closed(opinions, reward, listener, propensity, feedback.attribution)
        for _ in self._more(judge):
            pass
        if self._open:
            self.left_out["still open at the end"] += len(self._open)

    def _search(self, decision_id: str, judge: Judge) -> Open | None:
        """Return the open decision of this name; read on where it has not come yet."""
        waiting = self._open.get(decision_id)
        if waiting is None and self._read - self._found < AHEAD:
            for _ in self._more(judge):
                waiting = self._open.get(decision_id)
                if waiting is not None or self._read - self._found >= AHEAD:
                    break
        if waiting is not None:
            self._found = max(self._found, waiting.position)
        return waiting

    def _more(self, judge: Judge) -> Iterator[None]:
        """Read decisions, one after the other, and have each judged."""
        for source, number, decision in self._decisions:
            self._read += 1
            scores = decision.scores
            reason = left_out(decision)
            if reason is None and scores.decision_id in self._open:
                reason = "repeated"
            if reason is not None:
                self.left_out[reason] += 1
                yield
                continue
            try:
                question = self._question(decision)
            except ValueError as error:
                raise WrongLog(source, number, str(error)) from None
            opinions = asked(judge, question, source, number)
            reward = np.zeros(len(question.slate))
            self._open[scores.decision_id] = Open(
                self._read, opinions, reward, question.listener, float(question.propensity[0])
            )
            yield

    def _question(self, decision: Decision) -> Question:
        if self._layout not in {"", decision.layout}:
            raise ValueError(_wrong("layout", decision.layout, f"{self._layout} as in the lines before"))
        self._layout = decision.layout
        return question_of(decision, self._slots, self._seed)


def left_out(decision: Decision) -> str | None:
    """Return why a decision cannot be judged, None if it can."""
    if not decision.scores.slate:
        return "without candidates"
    return None if decision.scores.repeatable else "not repeatable"


def question_of(decision: Decision, slots: int, seed: int) -> Question:
    """Return what was asked, of the first slots; raises ValueError that names the field."""
    scores = decision.scores
    for place, slot in enumerate(scores.slate):
        if not 0.0 < slot.propensity <= 1.0:
            raise ValueError(
                _wrong(f"scores.slate[{place}].propensity", slot.propensity, "a number in (0, 1]")
            )
    context = np.frombuffer(bytearray(decision.context), "<f4")
    columns = np.frombuffer(bytearray(decision.columns), "<f4")
    count = len(decision.candidates)
    if count == 0 or len(columns) % count or not (np.isfinite(context).all() and np.isfinite(columns).all()):
        raise ValueError(
            _wrong(
                "columns",
                f"{len(columns)} numbers",
                f"finite ones, as many for each of {count} candidates",
            )
        )
    places = {track: place for place, track in enumerate(decision.candidates)}
    shown = scores.slate[:slots]
    for place, slot in enumerate(shown):
        if slot.track_id not in places:
            raise ValueError(
                _wrong(f"scores.slate[{place}].track_id", slot.track_id, "one of the candidates")
            )
    return Question(
        layout=decision.layout,
        listener=key_of(scores.listener_id),
        dice=key_of(f"{seed}\x1f{scores.decision_id}"),
        context=context,
        columns=columns.reshape(count, -1),
        slate=np.array([places[slot.track_id] for slot in shown], np.int64),
        propensity=np.array([slot.propensity for slot in shown]),
    )


def records(path: str, kind: type[Any]) -> Iterator[tuple[str, int, Any]]:
    """Yield (file, line, record) of a file of records of one kind; raises `WrongLog` for any other line."""
    for source in sources_of(path):
        for number, line in source.lines():
            if isinstance(line, DeadLetter):
                raise WrongLog(source.name, number, line.detail)
            if not line.strip():
                continue
            try:
                record, _ = decode_line(line)
            except Rejected as rejected:
                raise WrongLog(source.name, number, rejected.detail) from None
            if not isinstance(record, kind):
                raise WrongLog(
                    source.name, number, _wrong("schema", type(record).__name__, f"that of a {kind.__name__}")
                )
            yield source.name, number, record


def _wrong(field: str, came: object, expected: str) -> str:
    return f"{field} is {came}, expected {expected}"
