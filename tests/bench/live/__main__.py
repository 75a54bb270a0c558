"""Live: ``make bench-live``: the worker on a real broker, its cost, its latency, and two peers beside it.

CPU is user + system. ``python -m tests.bench.live cost`` (``latency``, ``restart``, ``takeover``) prints one
of the tables.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.bench.live import cost, latency, restart, takeover
from tests.kafka.broker import running

PARTS = {
    "cost": cost.print_table,
    "latency": latency.print_table,
    "restart": restart.print_table,
    "takeover": takeover.print_table,
}


def main(console: Console, wanted: list[str]) -> None:
    """Print the wanted tables, or all."""
    console.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before this began")
    with (
        TemporaryDirectory(prefix="segue-bench-") as name,
        running(Path(name) / "kafka", full_jit=True) as bootstrap,
    ):
        for part in wanted or PARTS:
            PARTS[part](console, Path(name), bootstrap)


if __name__ == "__main__":
    main(Console(), sys.argv[1:])
