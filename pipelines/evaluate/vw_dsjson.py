"""VW dsjson: decisions as Vowpal Wabbit and Azure Personalizer log them."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct, field

from numeric.arrays import Singles
from pipelines.evaluate.question import Closed, Judge, Question, WrongLog, asked
from pipelines.importers.archive import sources_of
from topics.dead_letter import DeadLetter
from topics.explain import explained
from topics.ids import key_of

CONTEXT_BUCKETS, ACTION_BUCKETS = 8, 24


class Asked(Struct, rename={"shared_actions": "_multi"}):
    """The part of a line that describes the actions."""

    shared_actions: list[dict[str, Any]]


class Line(Struct, rename={"cost": "_label_cost", "probability": "_label_probability", "event": "EventId"}):
    """One line: a cost, the probability of the action shown, the actions' order and probabilities."""

    cost: float
    probability: float
    a: list[int]
    p: list[float]
    c: msgspec.Raw
    event: str = ""
    skipped: bool = field(default=False, name="_skipLearn")


class VwLog:
    """Lines with ``_label_cost``, ``_label_probability``, ``a``, ``p`` and, in ``c``, ``_multi``.

    The action shown is the first of ``a``; its reward is the cost's negative and must be in [0, 1].
    Features are hashed, names together with values, as Vowpal Wabbit does, into a few buckets for what
    the actions share and a few for each action.
    """

    layout = "vw-dsjson"
    context_names = ("one", *(f"context_{k}" for k in range(CONTEXT_BUCKETS)))
    pair_names = ("one", *(f"action_{k}" for k in range(ACTION_BUCKETS)))

    def __init__(self, path: str) -> None:
        self.left_out: Counter[str] = Counter()
        self._path = path

    def closed(self, judge: Judge) -> Iterator[Closed]:
        """Yield each line that was shown."""
        decoder = msgspec.json.Decoder(Line)
        for source in sources_of(self._path):
            for number, text in source.lines():
                if isinstance(text, DeadLetter):
                    raise WrongLog(source.name, number, text.detail)
                if not text.strip():
                    continue
                try:
                    line = decoder.decode(text)
                    if line.skipped:
                        self.left_out["not shown (_skipLearn)"] += 1
                        continue
                    question = _question(line, source.name, number)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    raise WrongLog(source.name, number, explained(text, error, Line).detail) from None
                except ValueError as error:
                    raise WrongLog(source.name, number, str(error)) from None
                opinions = asked(judge, question, source.name, number)
                reward = np.array([-line.cost + 0.0])
                yield Closed(opinions, reward, question.listener, line.probability, "decision_id")


def _question(line: Line, source: str, number: int) -> Question:
    asked = msgspec.json.decode(line.c, type=Asked)
    shared = msgspec.json.decode(line.c)
    count = len(asked.shared_actions)
    if sorted(line.a) != list(range(1, count + 1)):
        raise ValueError(f"a is {line.a[:20]}, expected the numbers 1 to {count}, one for each of c._multi")
    if len(line.p) != count:
        raise ValueError(f"p has {len(line.p)} numbers, expected {count}, one for each of c._multi")
    if not 0.0 < line.probability <= 1.0:
        raise ValueError(f"_label_probability is {line.probability}, expected a number in (0, 1]")
    if abs(line.p[0] - line.probability) > 1e-5:
        raise ValueError(
            f"_label_probability is {line.probability}, expected p[0] = {line.p[0]}: the action shown is a[0]"
        )
    if not 0.0 <= -line.cost <= 1.0:
        raise ValueError(f"_label_cost is {line.cost}, expected −1 to 0: rewards are in [0, 1]")
    columns = np.zeros((count, 1 + ACTION_BUCKETS), np.float32)
    columns[:, 0] = 1.0
    for row, action in zip(columns, asked.shared_actions, strict=True):
        _hash(action, "", row[1:])
    context = np.zeros(1 + CONTEXT_BUCKETS, np.float32)
    context[0] = 1.0
    _hash({name: value for name, value in shared.items() if name != "_multi"}, "", context[1:])
    key = key_of(line.event or f"{source}\x1f{number}")
    return Question(
        VwLog.layout, key, key, context, columns, np.array([line.a[0] - 1]), np.array([line.probability])
    )


def _hash(value: Any, name: str, buckets: Singles) -> None:
    """Add each feature under a value to the bucket of its name; words weigh 1, numbers their value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _hash(inner, f"{name}\x1f{key}", buckets)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            _hash(inner, f"{name}\x1f{place}" if isinstance(inner, int | float) else name, buckets)
    elif isinstance(value, str):
        buckets[key_of(f"{name}={value}") % len(buckets)] += 1.0
    elif isinstance(value, bool):
        buckets[key_of(name) % len(buckets)] += float(value)
    elif isinstance(value, int | float):
        if not abs(value) < 1e9:
            raise ValueError(f"c{name.replace(chr(31), '.')} is {value}, expected a number below 1e9 in size")
        buckets[key_of(name) % len(buckets)] += value
