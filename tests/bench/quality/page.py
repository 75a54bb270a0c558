"""Page: the figures of docs/quality-figures.md, and its plots."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench.plotting import saved, subplots
from tests.bench.quality.runs import GROUPS, LAGS, PART, PARTS, SOURCES

HEAD = """# Figures of next-track quality

Written by `make bench-quality`. Predicted, then learned, in one pass over each log, with one set of settings:
the defaults. In brackets 95 % intervals, resampled by listener (nowplaying and mssd: by session). nowplaying
counts no play that opens its session. What it means: [quality.md](quality.md).
"""


def written(found: Mapping[str, Any]) -> str:
    """Return the page of what was found."""
    parts = [HEAD]
    if "table" in found:
        parts += [_table(found["table"], found["maa"], found["cold"]), _misses(found["table"])]
    if "ablation" in found:
        parts.append(_ablation(found["ablation"]))
    if "lag" in found:
        parts.append(_lags(found["lag"]))
    return "\n".join(parts)


def drawn(found: Mapping[str, Any], folder: Path) -> None:
    """Draw what lag costs, and where the misses are."""
    figure, axes = subplots(1, 2)
    for name, measure, axis in (("lastfm", "hr@10", axes[0]), ("nowplaying, first plays", "hr@20", axes[0])):
        values = [found["lag"][name, lag]["quality"]["segue"][measure] for lag in LAGS]
        axis.plot([max(lag, 1) for lag in LAGS], values, marker="o", label=f"{name}, {measure.upper()}")
    axes[0].set_xscale("log")
    axes[0].set_xlabel("plays that views lag behind")
    axes[0].legend()
    names = list(found["table"])
    bottom = [0.0] * len(names)
    for label, values in _shares(found["table"]).items():
        axes[1].barh(names, values, left=bottom, label=label)
        bottom = [b + v for b, v in zip(bottom, values, strict=True)]
    axes[1].invert_yaxis()
    axes[1].legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, fontsize=7)
    saved(figure, folder / "quality.svg")


def _table(table: Mapping[str, Any], maa: Mapping[str, float], cold: Mapping[str, float]) -> str:
    def row(name: str, *measures: str, least: str, reach: str, label: str = "") -> str:
        one = table[name]
        cells = " / ".join(_sure(one, "segue", measure) for measure in measures)
        markov = " / ".join(f"{one['quality']['markov'][measure]:.3f}" for measure in measures)
        named = " / ".join(measure.upper() for measure in measures)
        return f"| {label or name} | {named} | {cells} | {markov} | {least} | {reach} |"

    one, auc = table["lastfm1k"], table["mssd"]
    markov = one["quality"]["markov"]["hr@10"]
    errors = [(name, table[name]["calibration_error"]) for name in table]
    worst = max((error["scores"], name) for name, error in errors)
    worst_skip = max((error["p_skip"], name) for name, error in errors if error["p_skip"] is not None)
    low, high = auc["intervals"]["skip_auc"]
    times = cold["hr@10"] / cold["at_random"]
    return "\n".join(
        [
            "| log, part predicted | measure | segue | Markov, same pass | at least | reach |",
            "|---|---|---|---|---|---|",
            row("nowplaying", "hr@20", "mrr@20", least=".305 / .150", reach=".325 / .165",
                label="nowplaying, last 10 %, rings"),
            row("nowplaying, counters", "hr@20", "mrr@20", least=".285 / .130", reach=".305 / .150",
                label="the same, counters (`facts.recent_plays = 0`)"),
            row("nowplaying, frozen", "hr@20", "mrr@20", least=".240 / .110", reach=".255 / .122",
                label="nowplaying, rings, all frozen at 90 %"),
            _of_known(table["nowplaying, frozen"]),
            row("lastfm", "hr@10", "mrr@10", least=".570 / .400", reach=".620 / .430",
                label="lastfm_listens, last 30 %"),
            row("lastfm1k", "hr@10", least=f"{1.3 * markov:.3f}", reach=f"{1.6 * markov:.3f}",
                label=f"lastfm1k_user1, last 30 % ({one['played_before']:.3f} had been played before)"),
            f"| mssd, last 30 % | skip AUC | {auc['skip_auc']:.3f} [{low:.3f}, {high:.3f}] | | .790 | .820 |",
            f"| mssd, second halves | MAA | {maa['maa']:.3f} | repeat last: {maa['repeat_last']:.3f} "
            "| .570 | .600 |",
            f"| demo, {cold['plays']:.0f} first plays of a track by anybody | HR@10 among all never played "
            f"| {cold['hr@10']:.3f} | at random: {cold['at_random']:.4f} ({times:.1f} ×) | 3 × | 5 × |",
            f"| the worst | calibration error, scores | {worst[0]:.3f} ({worst[1]}) | | ≤ .03 | ≤ .01 |",
            f"| the worst | the same, p_skip | {worst_skip[0]:.3f} ({worst_skip[1]}) | | ≤ .03 | ≤ .01 |",
        ]
    ) + "\n"  # fmt: skip


def _of_known(frozen: Mapping[str, Any]) -> str:
    """Return the row of tracks that the frozen engine had met: benchmarks of static models have no others."""
    share, quality = frozen["played_before_start"], frozen["quality"]["segue"]
    figures = " / ".join(f"**{quality[measure] / share:.3f}**" for measure in ("hr@20", "mrr@20"))
    name = f"the same, of tracks it had met ({share:.3f})"
    return f"| {name} | HR@20 / MRR@20 | {figures} | | .240 / .110 | .255 / .122 |"


def _sure(one: Mapping[str, Any], ranking: str, measure: str) -> str:
    found = f"**{one['quality'][ranking][measure]:.3f}**"
    if not one["intervals"]:
        return found
    low, high = one["intervals"][ranking][measure]
    return f"{found} [{low:.3f}, {high:.3f}]"


def _shares(table: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return what became of the plays, as shares, log by log."""
    shares: dict[str, list[float]] = {
        "among the first ten": [],
        "a candidate, ranked lower": [],
        "played before, no candidate": [],
        "never played before": [],
    }
    for one in table.values():
        quality = one["quality"]["segue"]
        hit, listed, before = quality["hr@10"], quality["recall"], one["played_before"]
        parts = (hit, listed - hit, max(before - listed, 0.0), 1.0 - max(before, listed))
        for values, part in zip(shares.values(), parts, strict=True):
            values.append(part)
    return shares


def _misses(table: Mapping[str, Any]) -> str:
    shares = _shares(table)
    lines = ["## Where the misses are", "", f"| log | {' | '.join(shares)} |", "|---|" + "---|" * len(shares)]
    for k, name in enumerate(table):
        lines.append(f"| {name} | " + " | ".join(f"{values[k]:.3f}" for values in shares.values()) + " |")
    return "\n".join([*lines, "", "![what lag costs, and where the misses are](plots/quality.svg)", ""])


def _ablation(ablation: Mapping[tuple[str, str], Any]) -> str:
    lines = [
        "## What is missing when something is left out",
        "",
        f"In points of a hundred; of nowplaying the first {PART:,} plays, of mssd 40,000.",
        "",
        "| left out | lastfm HR@10 | MRR@10 | nowplaying P@20 | MRR@20 | mssd HR@10 | skip AUC |",
        "|---|---|---|---|---|---|---|",
    ]
    wanted = (("lastfm", "hr@10"), ("lastfm", "mrr@10"), ("nowplaying, first plays", "hr@20"),
              ("nowplaying, first plays", "mrr@20"), ("mssd", "hr@10"), ("mssd", "skip_auc"))  # fmt: skip

    def value(log: str, left_out: str, measure: str) -> float:
        one = ablation[log, left_out]
        found: float = one["skip_auc"] if measure == "skip_auc" else one["quality"]["segue"][measure]
        return found

    lines.append("| nothing | " + " | ".join(f"{value(log, 'nothing', m):.3f}" for log, m in wanted) + " |")
    for left_out in [*(f"source {source}" for source in SOURCES), *GROUPS]:
        changes = [value(log, left_out, m) - value(log, "nothing", m) for log, m in wanted]
        lines.append(f"| {left_out} | " + " | ".join(f"{100 * change:+.1f}" for change in changes) + " |")
    assert {log for log, _ in wanted} == set(PARTS)
    return "\n".join([*lines, ""])


def _lags(lags: Mapping[tuple[str, int], Any]) -> str:
    lines = [
        "## What stale views cost",
        "",
        "| plays that views lag behind | " + " | ".join(f"{lag:,}" for lag in LAGS) + " |",
        "|---|" + "---|" * len(LAGS),
    ]
    for name, measure in (("lastfm", "hr@10"), ("lastfm", "mrr@10"), ("nowplaying, first plays", "hr@20"),
                          ("nowplaying, first plays", "mrr@20")):  # fmt: skip
        values = [f"{lags[name, lag]['quality']['segue'][measure]:.3f}" for lag in LAGS]
        lines.append(f"| {name}, {measure.upper()} | " + " | ".join(values) + " |")
    return "\n".join([*lines, ""])
