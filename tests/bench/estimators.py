"""Estimators: bias, error and coverage over logs whose truth is known.

``python -m tests.bench estimators`` makes table and plot of docs/evaluation.md, in two minutes on one core.
"""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bandits.evaluation import FIRST_SLOT
from bandits.evaluation.estimate import effective_size, estimates_of
from bandits.evaluation.sums import Sums
from pipelines.evaluate.report import NAMES
from tests.bandits.evaluation.simulate import log_of, world_of
from tests.bench.plotting import saved, subplots

LOGS = 500
SIZES = (500, 2_000, 8_000)
SEED = 11


class Found(NamedTuple):
    """Of one estimator at one size of log."""

    bias: float
    rmse: float
    bootstrap: float  # share of the logs whose interval holds the truth
    bernstein: float


def found_at(size: int) -> tuple[float, dict[str, Found]]:
    """Return the mean effective size, and what was found of every estimator."""
    world, rng = world_of(SEED), np.random.default_rng(size)
    rows: dict[str, list[tuple[float, bool, bool]]] = {name: [] for name in FIRST_SLOT}
    sizes = []
    for _ in range(LOGS):
        sums = Sums(list(FIRST_SLOT.values()))
        sums.add(*log_of(world, size, rng))
        sizes.append(effective_size(sums.weights[0]))
        for name, estimate in zip(FIRST_SLOT, estimates_of(sums, float(world.logging.min())), strict=True):
            error = estimate.value - world.value
            covers = estimate.interval.covers(world.value), estimate.bernstein.covers(world.value)
            rows[name].append((error, *covers))
    out = {}
    for name, values in rows.items():
        errors, bootstrap, bernstein = np.array(values, float).T
        rmse = float(np.sqrt((errors**2).mean()))
        out[name] = Found(float(errors.mean()), rmse, float(bootstrap.mean()), float(bernstein.mean()))
    return float(np.mean(sizes)), out


def main() -> None:
    """Print the table and save the plot."""
    at = {size: found_at(size) for size in SIZES}
    headings = ["", *(f"{what}, {size:,}" for what in ("bias", "RMSE", "bootstrap covers") for size in SIZES)]
    print(f"| {' | '.join([*headings, 'Bernstein covers'])} |\n|{'---|' * (len(headings) + 1)}")
    for name in FIRST_SLOT:
        found = [at[size][1][name] for size in SIZES]
        cells = [f"{one.bias:+.4f}" for one in found] + [f"{one.rmse:.4f}" for one in found]
        cells += [f"{one.bootstrap:.1%}" for one in found]
        bounded = np.isfinite(FIRST_SLOT[name].width(1.0))
        cells.append(f"{min(one.bernstein for one in found):.1%}" if bounded else "–")
        print(f"| {NAMES[name]} | {' | '.join(cells)} |")
    print(
        "effective sizes:", ", ".join(f"{size:,} → {effective:,.0f}" for size, (effective, _) in at.items())
    )
    plotted(at)


def plotted(at: dict[int, tuple[float, dict[str, Found]]]) -> None:
    """Save error by size of log, and coverage."""
    figure, (left, right) = subplots(1, 2, width=9.0)
    for name in FIRST_SLOT:
        left.plot(SIZES, [at[size][1][name].rmse for size in SIZES], marker="o", label=NAMES[name])
    left.set(xscale="log", yscale="log", xlabel="decisions", title="root mean square error")
    left.legend(fontsize="small")
    places: Any = np.arange(len(FIRST_SLOT))
    for k, size in enumerate(SIZES):
        shares = [at[size][1][name].bootstrap for name in FIRST_SLOT]
        right.bar(places + 0.27 * (k - 1), shares, 0.25, label=f"{size:,}")
    right.axhspan(0.92, 0.98, alpha=0.2, color="grey")
    right.set(ylim=(0.5, 1.0), title="bootstrap intervals that hold the truth")
    right.set_xticks(places, [NAMES[name] for name in FIRST_SLOT], rotation=40, ha="right", fontsize="small")
    right.legend(title="decisions", fontsize="small", loc="lower left")
    saved(figure, Path("docs/plots/estimators.svg"))


if __name__ == "__main__":
    main()
