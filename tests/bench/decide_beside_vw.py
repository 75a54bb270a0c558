"""Time to decide beside Vowpal Wabbit: same machine, same run, same numbers, as many features.

Run it with ``python -m tests.bench.decide_beside_vw``; it needs ``pip install vowpalwabbit``.

Both sides hold a linear model over context ⊗ candidate, 21 × 17 = 357 weights, learned from the same
200 slates, and are asked about the same decisions in turn. *Parsed*: our arrays, their parsed
examples. *Text*: our Decision record as JSON, their text format. We draw a slate of ten slots with its
propensities; they give the probabilities of one slot, from which nothing is drawn yet.
"""

import platform
import sys
import time
from collections.abc import Callable
from importlib.metadata import version as version_of
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from bandits.epsilon_greedy import EpsilonGreedy
from bandits.inverse_gap import InverseGap
from bandits.lin_ucb import LinUcb
from bandits.policy import Policy
from bandits.rows import Rows
from bandits.slate import draw
from bandits.softmax import Softmax
from bandits.version import Version, make_version
from numeric.arrays import Singles
from tests.bandits.making import empty, feedback, folded
from topics.codec import decode, encode
from topics.scores import Decision, Scores

DEPTH, WIDTH, SLOTS = 21, 17, 10
SECONDS = 0.25  # per figure
PEERS: dict[str, tuple[Policy, str]] = {
    "ε-greedy": (EpsilonGreedy(0.05), "--epsilon 0.05"),
    "softmax": (Softmax(0.05), "--softmax --lambda 20"),
    "inverse gap": (InverseGap(1_000.0), "--squarecb --gamma_scale 1000"),
    "LinUCB / RegCB": (LinUcb(0.5), "--regcbopt --mellowness 0.1"),
}
THEIRS = "--cb_explore_adf -q CP --ignore_linear C --ignore_linear P --noconstant --cb_type mtr --quiet"


def main() -> None:
    """Print one table: microseconds to decide, theirs over ours."""
    import vowpalwabbit

    rng = np.random.default_rng(1)
    nothing = empty(DEPTH, WIDTH)
    log = [feedback(rng, nothing, slots=SLOTS) for _ in range(200)]
    version = make_version([folded(nothing, log)])
    table = Table(title="Microseconds to decide (median)", title_justify="left")
    table.add_column("policy")
    for heading in ("candidates", "segue, parsed", "VW, parsed", "ratio", "segue, text", "VW, text", "ratio"):
        table.add_column(heading, justify="right")
    for name, (policy, options) in PEERS.items():
        peer = vowpalwabbit.Workspace(f"{THEIRS} {options}")
        for rows in log:
            peer.learn(text_of(rows.context[0], rows.columns, rows.reward[0]))
        for count in (10, 100, 1_000):
            asked = feedback(rng, nothing, slots=count)
            table.add_row(name, f"{count:,}", *compared(version, policy, peer, asked))
        peer.finish()
    packages = ", ".join(f"{name} {version_of(name)}" for name in ("numpy", "numba", "vowpalwabbit"))
    console = Console(width=max(110, Console().width))
    console.print(table)
    console.print(f"{processor()}, one thread; Python {platform.python_version()}, {packages}")
    console.print(f"Ours: {SLOTS} slots drawn, with propensities. VW: probabilities of one slot.")


def compared(version: Version, policy: Policy, peer: Any, asked: Rows) -> list[str]:
    """Return the row of figures for one question: parsed, then as text."""
    context, columns = asked.context[0], asked.columns
    text, record = text_of(context, columns), encode(decision_of(context, columns))
    parsed = peer.parse(text)

    def ours(context: Singles, columns: Singles) -> None:
        draw(policy, version.predict(context, columns, policy, 7), SLOTS, 7)

    def ours_from_text() -> None:
        decision = decode(record, "decision.v1")
        assert isinstance(decision, Decision)
        here = np.frombuffer(bytearray(decision.context), np.float32)
        ours(here, np.frombuffer(bytearray(decision.columns), np.float32).reshape(-1, WIDTH))

    assert len(peer.predict(parsed)) == len(peer.predict(text)) == len(columns)
    row: list[str] = []
    for ways in (
        (lambda: ours(context, columns), lambda: peer.predict(parsed)),
        (ours_from_text, lambda: peer.predict(text)),
    ):
        mine, theirs = medians(*ways)
        row += [f"{mine:,.1f}", f"{theirs:,.1f}", f"{theirs / mine:.1f} ×"]
    peer.finish_example(parsed)
    return row


def medians(*ways: Callable[[], object]) -> list[float]:
    """Return the median microseconds of each way, measured in turn so that noise meets all alike."""
    taken: list[list[float]] = [[] for _ in ways]
    for way in ways:
        way()
    until = time.perf_counter() + SECONDS * len(ways)
    while time.perf_counter() < until:
        for way, times in zip(ways, taken, strict=True):
            began = time.perf_counter()
            way()
            times.append(time.perf_counter() - began)
    return [median(times) * 1e6 for times in taken]


def text_of(context: Singles, columns: Singles, reward: float | None = None) -> list[str]:
    """Return the question in their text format, the first candidate's reward as a cost if it is known."""
    lines = ["shared |C " + " ".join(f"c{i}:{value}" for i, value in enumerate(context) if value)]
    lines += ["|P " + " ".join(f"p{i}:{value}" for i, value in enumerate(row) if value) for row in columns]
    if reward is not None:
        lines[1] = f"0:{-reward}:0.5 {lines[1]}"
    return lines


def decision_of(context: Singles, columns: Singles) -> Decision:
    """Return the question as the record that we keep of a decision."""
    scores = Scores("d", "ann", 0, "radio", "e", "softmax", "1", ())
    names = tuple(f"track-{i}" for i in range(len(columns)))
    return Decision(scores, "test", context.tobytes(), names, ("own",) * len(columns), columns.tobytes())


def processor() -> str:
    """Return the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or sys.platform


if __name__ == "__main__":
    main()
