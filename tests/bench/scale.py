"""How size matters: the cost of a play as listeners grow, and the memory of many listeners and tracks.

Listeners are those of the demo's world after some days, each many times under other names, so that they
are as large as real ones; plays come from all of them in turn.
"""

import gc
from pathlib import Path
from time import process_time

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.listener import Listener
from pipelines.replay.engine import Engine
from pipelines.settings import load_settings
from state.rocks import open_store
from topics.play import Play

MIB = 1 << 20
LISTENERS = (1_000, 10_000, 100_000)
TRACKS = 100_000
PLAYS_BEFORE = 20_000  # by which the world's 300 listeners become who they are
PLAYS = 4_000  # timed
IN_A_ROW = 8  # plays of one listener, as in a session; then comes somebody not heard for long
STRIDE = 7_919  # a prime: plays go round all listeners


def main(console: Console) -> None:
    """Print the cost of a play beside that with the fewest listeners, and the memory that many take."""
    plays = list(World(WorldSettings()).log(PLAYS_BEFORE + PLAYS))
    engine, states = lived(plays[:PLAYS_BEFORE])
    table = Table(title="the cost of a play, and the memory of all listeners", title_justify="left")
    for column in ("listeners", "µs a play", "×", "MiB", "bytes each"):
        table.add_column(column, justify="right")
    before, first_us = resident_bytes(), 0.0
    for listeners in LISTENERS:
        for k in range(listeners):
            engine.listeners.put(f"listener-{k}", states[k % len(states)])
        engine.listeners.changes()
        grown = resident_bytes() - before
        cost_us = cost_of_a_play_us(engine, plays[PLAYS_BEFORE:], listeners)
        first_us = first_us or cost_us
        table.add_row(
            f"{listeners:,}",
            f"{cost_us:,.0f}",
            f"{cost_us / first_us:.2f}",
            f"{grown / MIB:,.0f}",
            f"{grown / listeners:,.0f}",
        )
    console.print(table)
    before = resident_bytes()
    facts = engine.views.table.facts(0)
    for k in range(TRACKS):
        engine.views.table.take(replace(facts, track_id=f"another-track-{k:06d}"))
    grown = resident_bytes() - before
    console.print(f"{TRACKS:,} more tracks with full facts take {grown / MIB:,.0f} MiB\n")


def lived(plays: list[Play]) -> tuple[Engine, list[Listener]]:
    """Return an engine that has heard these plays, and what it keeps of each listener once all is quiet."""
    engine = Engine(load_settings(None), open_store(None))
    for play in plays:
        engine.take(play)
    for _ in engine.finish():
        pass
    names = sorted({play.listener_id for play in plays})
    return engine, [state for name in names if (state := engine.listeners.get(name)) is not None]


def cost_of_a_play_us(engine: Engine, plays: list[Play], listeners: int) -> float:
    """Return the CPU time of a play, when listeners come in turn."""
    start = process_time()
    for i, play in enumerate(plays):
        listener = i // IN_A_ROW * STRIDE % listeners
        engine.take(replace(play, listener_id=f"listener-{listener}", play_id=None))
    return (process_time() - start) / len(plays) * 1e6


def resident_bytes() -> int:
    """Return the memory this process holds now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4_096
