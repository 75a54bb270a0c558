"""Quality: ``make bench-quality``: next-track quality, what makes it, what lag costs; a page in docs.

What was found out is kept in build/quality until the engine's source changes: an interrupted run goes on.
``python -m tests.bench.quality table`` (``ablation``, ``lag``) does one part. Data: CONTRIBUTING.md.
"""

import os
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any

from tests.bench.quality import cold, page, skips
from tests.bench.quality.keeping import DATA, ROOT, kept, replayed
from tests.bench.quality.runs import MAIN, Run, ablations, lags


def all_of(runs: Mapping[Any, Run], prefix: str) -> dict[Any, Any]:
    """Replay runs on all cores."""
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        names = [f"{prefix} {name if isinstance(name, str) else ' - '.join(map(str, name))}" for name in runs]
        return dict(zip(runs, pool.map(replayed, names, runs.values()), strict=True))


def main(parts: list[str]) -> None:
    """Do the parts asked for, or all, and write the page of all that is known."""
    if not DATA.is_dir():
        sys.exit(f"no data in {DATA}; set SEGUE_DATA to their folder (CONTRIBUTING.md lists them)")
    wanted = parts or ["table", "ablation", "lag"]
    found: dict[str, Any] = {}
    if "table" in wanted:
        found["table"] = all_of(MAIN, "main")
        found["maa"] = kept("maa", partial(skips.mean_average_accuracy, DATA))
        found["cold"] = kept("cold", cold.first_plays)
    if "ablation" in wanted:
        found["ablation"] = all_of(ablations(), "without")
    if "lag" in wanted:
        found["lag"] = all_of(lags(), "lag")
    text = page.written(found)
    print(text)
    if not parts:
        (ROOT / "docs" / "quality-figures.md").write_text(text)
        page.drawn(found, ROOT / "docs" / "plots")


if __name__ == "__main__":
    main(sys.argv[1:])
