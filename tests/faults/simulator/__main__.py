"""`make simulate`: thousands of seeds, the faults that struck, and planted bugs that must be caught."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from tests.faults.simulator.planted import BUGS, planted
from tests.faults.simulator.run import play
from tests.faults.simulator.script import FAULTS_MIN, Script, harder, script_of
from tests.faults.simulator.shrink import shrink

CHUNK = 20
PLANTED_SEEDS = 1_000
SHOWN = 3  # failures that are shrunk and shown


class Played(NamedTuple):
    """What is told of a run to whoever adds up."""

    script: Script
    wrong: str
    detail: str
    struck: Counter[str]
    looked: Counter[str]
    cpu_s: float


def played(seed: int) -> Played:
    """Play one seed; where too few of its faults struck, with more of them."""
    began_s = time.process_time()
    script = script_of(seed)
    outcome = play(script)
    if not outcome.wrong and outcome.struck.total() < FAULTS_MIN:
        script = harder(script)
        outcome = play(script)
    spent_s = time.process_time() - began_s
    return Played(script, outcome.wrong, outcome.detail, outcome.struck, outcome.looked, spent_s)


def main() -> int:
    """Play what the command line asks for; return 0 if all is as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.simulator", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many (default 10,000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, help="only this one, shrunk if it fails")
    parser.add_argument("--planted", action="store_true", help="only the planted bugs")
    options = parser.parse_args()
    if options.seed is not None:
        return one_seed(options.seed)
    wrong = False if options.planted else many_seeds(options.first, options.seeds, options.processes)
    return bool(all_planted(options.processes) or wrong)


def one_seed(seed: int) -> int:
    """Play one seed and say what became of it."""
    one = played(seed)
    print(f"seed {seed}: {one.detail or 'every promise holds'}\n{table(one.struck)}")
    if one.wrong:
        print(f"shrunk:\n{told(shrink(one.script, one.wrong))}")
    return bool(one.wrong)


def all_planted(processes: int) -> int:
    """Look for each planted bug until a seed catches it; return how many are not caught."""
    missed = 0
    with ProcessPoolExecutor(processes) as pool:
        for bug, (seed, wrong) in zip(BUGS, pool.map(caught, range(len(BUGS))), strict=True):
            missed += seed is None
            print(
                f"planted: {bug.name}: " + ("NOT CAUGHT" if seed is None else f"seed {seed}: {wrong}"),
                flush=True,
            )
    print(f"{len(BUGS) - missed} of {len(BUGS)} planted bugs are caught within {PLANTED_SEEDS:,} seeds")
    return missed


def caught(number: int) -> tuple[int | None, str]:
    """Return the first seed that catches a planted bug, the noted one first, and what it says."""
    bug = BUGS[number]
    with planted(bug):
        for seed in (bug.seed, *range(PLANTED_SEEDS)):
            wrong = play(script_of(seed)).wrong
            if wrong:
                return seed, wrong
    return None, ""


def many_seeds(first: int, seeds: int, processes: int) -> int:
    """Play seeds, print what struck and what was looked at; return whether a promise did not hold."""
    began_s = time.monotonic()
    struck: Counter[str] = Counter()
    looked: Counter[str] = Counter()
    failed: list[Played] = []
    fewest, cpu_s = sys.maxsize, 0.0
    with ProcessPoolExecutor(processes) as pool:
        for one in pool.map(played, range(first, first + seeds), chunksize=CHUNK):
            struck += one.struck
            looked += one.looked
            fewest = min(fewest, one.struck.total())
            cpu_s += one.cpu_s
            if one.wrong:
                failed.append(one)
                print(f"seed {one.script.seed} fails: {one.detail}", flush=True)
    print(
        f"{seeds:,} seeds, {len(failed)} fail; {time.monotonic() - began_s:,.0f} s, CPU a seed ",
        end="",
    )
    print(f"{cpu_s / seeds * 1_000:.0f} ms; faults in a run: at least {fewest}, on average ", end="")
    print(f"{struck.total() / seeds:.1f}")
    print("\nfaults that struck\n" + table(struck) + "\n\nlooked at\n" + table(looked))
    for one in failed[:SHOWN]:
        print(f"\nseed {one.script.seed}, shrunk: {one.wrong}\n{told(shrink(one.script, one.wrong))}")
    return bool(failed) or fewest < FAULTS_MIN


def table(counts: Counter[str]) -> str:
    """Return one line a kind, most first."""
    return "\n".join(f"{count:>12,}  {kind}" for kind, count in counts.most_common())


def told(script: Script) -> str:
    """Return a script as lines."""
    lines = [f"  {script.workers} workers, named {script.named}, silence {script.silence}"]
    lines += [f"  {fault}" for fault in sorted(script.faults, key=lambda fault: fault.at_s)]
    lines += [f"  {event.at_s:.3f} s, {event.kind}: {event.value!r}" for event in script.events]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
