"""Report: a replay's summary as tables for a terminal."""

from typing import Any

from rich.table import Table

MEASURES = ("hr@1", "hr@5", "hr@10", "hr@20", "mrr@10", "mrr@20")
NAMES = {
    "segue": "segue, by score",
    "slate": "segue, slate as drawn",
    "markov": "first-order Markov",
    "own_popular": "own popular",
    "popular": "popular",
}


def tables(summary: dict[str, Any]) -> list[Table]:
    """Return what happened, and how well the next play was foretold beside the baselines."""
    return [_happened(summary), _quality(summary)]


def _happened(summary: dict[str, Any]) -> Table:
    table = Table(title="replay", show_header=False, title_justify="left")
    for name in ("plays", "listeners", "tracks"):
        table.add_row(name, f"{summary[name]:,}")
    table.add_row("plays/s", f"{summary['plays_per_s']:,.0f}")
    for name, count in summary["counts"].items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    letters = summary["dead_letters"]
    table.add_row("dead letters", f"{sum(letters.values()):,}")
    for reason, count in letters.items():
        table.add_row(f"  {reason}", f"{count:,}")
    table.add_row("policy", f"{summary['policy']}, version {summary['version']}")
    if summary.get("drifts"):
        table.add_row("changes for the worse", f"{summary['drifts']:,}")
    for name in ("mean_reward", "skip_auc", "candidate_recall"):
        if summary.get(name) is not None:
            table.add_row(name.replace("_", " "), f"{summary[name]:.3f}")
    for name, error in summary["calibration_error"].items():
        if error is not None:
            table.add_row(f"calibration error, {name}", f"{error:.3f}")
    return table


def _quality(summary: dict[str, Any]) -> Table:
    table = Table(title="was the next play foretold? (predict, then learn)", title_justify="left")
    table.add_column("by")
    for measure in MEASURES:
        table.add_column(measure.upper(), justify="right")
    for name, label in NAMES.items():
        found = summary["quality"].get(name)
        if found:
            table.add_row(label, *[f"{found[measure]:.3f}" for measure in MEASURES])
    return table
