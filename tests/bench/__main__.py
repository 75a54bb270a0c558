"""Benchmarks: ``python -m tests.bench`` prints how fast replay runs and decides, and what size costs.

Absolute figures are this machine's; the ratio to the floor (the same JSON read and written, nothing
else) and to the peer are of one run. ``python -m tests.bench replay``, ``scale`` or ``decide`` runs one
part; ``estimators`` and ``policy_plots`` make what docs/evaluation.md and docs/policies.md show.
"""

import cProfile
import pstats
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.replay.driver import Replay
from pipelines.replay.engine import Engine
from pipelines.replay.options import Options
from pipelines.replay.outputs import BUFFER_BYTES
from pipelines.settings import load_settings
from state.rocks import open_store
from tests.bench import decide_beside_vw, scale
from tests.bench import estimators as of_estimators
from tests.bench import policy_plots as of_policies
from topics.codec import decode_line, encode_line
from topics.track import Track

PLAYS = 20_000
WARM_PLAYS = 2_000  # kernels are compiled or loaded before anything is timed
PROFILE_LINES = 20
ROUNDS = 3  # the best counts: the machine may be busy


def replay(console: Console) -> None:
    """Print plays per second on one core, JSON in and out, beside the floor; then where the time goes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = [encode_line(play) for play in World(WorldSettings()).log(PLAYS)]
        (folder / "warm.jsonl").write_bytes(b"".join(lines[:WARM_PLAYS]))
        (folder / "log.jsonl").write_bytes(b"".join(lines))
        _replayed(folder, "warm")
        _served(folder, "warm")
        seconds = min(_timed(_replayed, folder, "log") for _ in range(ROUNDS))
        alone = min(_timed(_served, folder, "log") for _ in range(ROUNDS))
        floor = _floor(lines, folder)
        table = Table(
            title=f"{PLAYS:,} plays, 100 candidates each, one core, JSON in and out", title_justify="left"
        )
        for column in ("", "s", "plays/s"):
            table.add_column(column, justify="right" if column else "left")
        table.add_row("the engine: serve, learn, collect", f"{alone:.2f}", f"{PLAYS / alone:,.0f}")
        table.add_row(
            "segue replay: asked before every session, baselines beside",
            f"{seconds:.2f}",
            f"{PLAYS / seconds:,.0f}",
        )
        table.add_row("floor: the same JSON, nothing else", f"{floor:.2f}", f"{PLAYS / floor:,.0f}")
        console.print(table, f"{alone / floor:.1f} × the floor; {decide_beside_vw.processor()}\n", sep="\n")
        profile = cProfile.Profile()
        profile.runcall(_served, folder, "log")
        pstats.Stats(profile).sort_stats("tottime").print_stats(PROFILE_LINES)


def _replayed(folder: Path, log: str) -> None:
    options = Options(
        str(folder / f"{log}.jsonl"), scores=folder / "scores.jsonl", feedback=folder / "feedback.jsonl"
    )
    Replay(options, load_settings(None)).run()


def _served(folder: Path, log: str) -> None:
    """Let the engine take a log as a worker would: a decision a play, its scores and feedback written."""
    with (
        (folder / f"{log}.jsonl").open("rb") as lines,
        (folder / "scores.jsonl").open("wb", BUFFER_BYTES) as scores,
        (folder / "feedback.jsonl").open("wb", BUFFER_BYTES) as feedback,
        closing(open_store(None)) as store,
    ):
        engine = Engine(load_settings(None), store)
        for line in lines:
            record = decode_line(line)[0]
            if isinstance(record, Track):
                engine.views.table.list_track(record)
                continue
            for done in (*engine.fire_due(record.at_ms), engine.take(record)):
                feedback.writelines(map(encode_line, done.feedback))
                if done.decided is not None:
                    scores.write(encode_line(done.decided.scores))


def _timed(run: Callable[[Path, str], None], folder: Path, log: str) -> float:
    start = perf_counter()
    run(folder, log)
    return perf_counter() - start


def _floor(lines: list[bytes], folder: Path) -> float:
    """Return the seconds it takes to read the log's JSON and to read and write that of the outputs."""
    written = (folder / "scores.jsonl").read_bytes() + (folder / "feedback.jsonl").read_bytes()
    records = [decode_line(line)[0] for line in written.splitlines(keepends=True)]
    start = perf_counter()
    for line in lines:
        decode_line(line)
    with (folder / "floor.jsonl").open("wb") as out:
        for record in records:
            out.write(encode_line(record))
    return perf_counter() - start


def decide(console: Console) -> None:
    """Print the cost of a decision beside Vowpal Wabbit's."""
    decide_beside_vw.main()


def estimators(console: Console) -> None:
    """Print how far off-policy estimates are from the truth."""
    of_estimators.main()


def policy_plots(console: Console) -> None:
    """Draw half-lives, drift, late rewards and mixtures."""
    of_policies.main()


PARTS: dict[str, Callable[[Console], None]] = {
    "replay": replay,
    "scale": scale.main,
    "decide": decide,
    "estimators": estimators,
    "policy_plots": policy_plots,
}
QUOTED = ("replay", "scale", "decide")  # what `make bench` prints; the others make tables and plots of docs/

if __name__ == "__main__":
    for part in sys.argv[1:] or QUOTED:
        if part not in PARTS:
            sys.exit(f"part is {part!r}, expected one of {', '.join(PARTS)}")
        PARTS[part](Console())
