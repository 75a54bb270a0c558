"""Evaluation: decisions joined with their feedback and judged wherever they lie, sums merged in one place."""

import pickle
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.options.pipeline_options import PipelineOptions

from bandits.version import Version
from pipelines.beam_job.parts import WriteParts, read_parts
from pipelines.evaluate.earnings import Earnings
from pipelines.evaluate.follower import LEARNING, Learning
from pipelines.evaluate.ours import left_out, question_of, records
from pipelines.evaluate.question import Closed, WrongLog, asked
from pipelines.evaluate.targets import Judges, Target
from pipelines.wrong_options import WrongOptions
from topics.codec import decode_line, encode_line
from topics.feedback import Feedback
from topics.scores import Decision

LEFT_OUT, WRONG = "left out", "wrong"
KINDS: dict[str, type[Any]] = {"decisions": Decision, "feedback": Feedback}


class Judging(NamedTuple):
    """What is judged: which policies, with which model, over how many slots, by whose dice."""

    targets: list[Target]
    model: Version | Learning | None
    slots: int
    seed: int


class Lined(NamedTuple):
    """One record, and where it stands: file by file, line by line."""

    shard: int
    line: int
    source: str
    value: bytes


class ReadRecords(beam.DoFn):  # type: ignore[misc]  # beam has no types
    """Read one file of records, up to its first bad line.

    Yields (decision_id, (shard, line, source, record)); that line by the tag `WRONG`.
    """

    def process(self, shard: tuple[int, str, str]) -> Iterator[Any]:
        """Read a file, given as (number, what it holds, path)."""
        number, kind, path = shard
        try:
            for source, line, record in records(path, KINDS[kind]):
                name = record.decision_id if isinstance(record, Feedback) else record.scores.decision_id
                yield name, (number, line, source, encode_line(record))
        except WrongLog as wrong:
            yield beam.pvalue.TaggedOutput(WRONG, (number, str(wrong)))


class Judge(beam.DoFn):  # type: ignore[misc]  # beam has no types
    """Judge one decision once its last feedback is there: yields `Closed`, or by tag why not."""

    def __init__(self, judging: Judging) -> None:
        self._judging = judging

    def setup(self) -> None:
        """Let the policies form their opinions."""
        self._judges = Judges(self._judging.targets, self._judging.model)

    def process(self, joined: tuple[str, dict[str, Iterable[Any]]]) -> Iterator[Any]:
        """Join what was decided with what was said of it, in log order."""
        _, found = joined
        decisions, feedback = (sorted(Lined(*one) for one in found[kind]) for kind in KINDS)
        reasons: Counter[str] = Counter()
        try:
            yield from self._closed(decisions, feedback, reasons)
        except (WrongLog, WrongOptions) as wrong:
            yield beam.pvalue.TaggedOutput(WRONG, (-1, str(wrong)))
        if reasons:
            yield beam.pvalue.TaggedOutput(LEFT_OUT, reasons)

    def _closed(
        self, decisions: list[Lined], feedback: list[Lined], reasons: Counter[str]
    ) -> Iterator[Closed]:
        waiting: Closed | None = None
        for lined in decisions:
            decision: Decision = decode_line(lined.value)[0]
            reason = left_out(decision) or ("repeated" if waiting is not None else None)
            if reason is not None:
                reasons[reason] += 1
                continue
            waiting = self._opened(decision, lined)
        for lined in feedback:
            part: Feedback = decode_line(lined.value)[0]
            if part.kind != "recommended":
                reasons[f"{part.kind} feedback"] += part.part == 0
                continue
            if waiting is None:
                reasons["feedback without its decision"] += part.final
                continue
            for slot in part.slots:
                if slot.propensity is None:
                    detail = "slots[].propensity is None, expected that of the decision"
                    raise WrongLog(lined.source, lined.line, detail)
                if slot.slot < len(waiting.reward):
                    waiting.reward[slot.slot] = slot.reward
            if part.final:
                yield waiting._replace(attribution=part.attribution)
                waiting = None
        if waiting is not None:
            reasons["still open at the end"] += 1

    def _opened(self, decision: Decision, lined: Lined) -> Closed:
        try:
            question = question_of(decision, self._judging.slots, self._judging.seed)
        except ValueError as error:
            raise WrongLog(lined.source, lined.line, str(error)) from None
        opinions = asked(self._judges, question, lined.source, lined.line)
        reward = np.zeros(len(question.slate))
        return Closed(opinions, reward, question.listener, float(question.propensity[0]), "none")


class AddUp(beam.CombineFn):  # type: ignore[misc]  # beam has no types
    """Add closed decisions to sums, and sums to sums."""

    def __init__(self, judging: Judging) -> None:
        self._names = [target.name for target in judging.targets]
        self._slots, self._has_model = judging.slots, judging.model is not None

    def create_accumulator(self) -> Earnings:
        """Return sums of nothing."""
        return Earnings(self._names, self._slots, has_model=self._has_model)

    def add_input(self, earnings: Earnings, closed: Closed) -> Earnings:
        """Add one decision."""
        earnings.add(closed)
        return earnings

    def merge_accumulators(self, accumulators: Iterable[Earnings]) -> Earnings:
        """Add all of them up."""
        whole = self.create_accumulator()
        for earnings in accumulators:
            whole.merge(earnings)
        return whole

    def extract_output(self, earnings: Earnings) -> Earnings:
        """Return the sums."""
        return earnings


def evaluate(
    decisions: list[str], feedback: list[str], judging: Judging, parts: str, flags: list[str]
) -> dict[str, Any]:
    """Judge policies on decisions of any number; return what `segue evaluate` returns.

    ``parts`` is a folder that all workers and this process reach. Raises `WrongOptions` that holds the
    first bad line, in order of files, if there is one.
    """
    learning = [f"--policy {target.name}" for target in judging.targets if target.learning]
    for what in [*learning, *(["--reward-model learning"] if judging.model == LEARNING else [])]:
        raise WrongOptions(
            f"{what} learns from the log in its order, which many workers do not keep; "
            "segue evaluate follows it"
        )
    files = {"decisions": decisions, "feedback": feedback}
    with beam.Pipeline(options=PipelineOptions(flags)) as pipeline:
        read = {
            kind: (
                pipeline
                | f"Files of {kind}" >> beam.Create([(k, kind, path) for k, path in enumerate(paths)])
                | f"Spread {kind}" >> beam.Reshuffle()
                | f"Read {kind}" >> beam.ParDo(ReadRecords()).with_outputs(WRONG, main="records")
            )
            for kind, paths in files.items()
        }
        judged = (
            {kind: found["records"] for kind, found in read.items()}
            | "Join" >> beam.CoGroupByKey()
            | "Judge" >> beam.ParDo(Judge(judging)).with_outputs(LEFT_OUT, WRONG, main="closed")
        )
        found = {
            "sums": judged["closed"] | "Add up" >> beam.CombineGlobally(AddUp(judging)),
            "left-out": judged[LEFT_OUT] | "Reasons" >> beam.CombineGlobally(_summed),
            "wrong": (judged[WRONG], *(one[WRONG] for one in read.values())) | "All wrong" >> beam.Flatten(),
        }
        for name, values in found.items():
            values | f"Pack {name}" >> beam.Map(_packed) | f"Write {name}" >> WriteParts(f"{parts}/{name}")
    wrong = sorted(_unpacked(parts, "wrong"))
    if wrong:
        raise WrongOptions(wrong[0][1])
    (earnings,), (reasons,) = _unpacked(parts, "sums"), _unpacked(parts, "left-out")
    result: dict[str, Any] = earnings.result(Counter(reasons))  # it comes back as a plain dict
    return result


def _summed(counters: Iterable[Counter[str]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(counter)
    return total


def _packed(value: Any) -> tuple[bytes, bytes]:
    return b"", pickle.dumps(value)


def _unpacked(parts: str, name: str) -> list[Any]:
    written = read_parts(f"{parts}/{name}")
    return [pickle.loads(value) for _, value in written]  # noqa: S301  our own workers wrote it
