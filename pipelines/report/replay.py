"""The report of a replay: its summary and its chronicle as one page."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any
from xml.etree.ElementTree import Element

from pipelines.report.html import document, element, figures, section, table
from pipelines.report.svg import against_diagonal, curves, intervals, legend

NAMES = {
    "segue": "segue, by score",
    "slate": "segue, slate as drawn",
    "markov": "first-order Markov",
    "own_popular": "own popular",
    "popular": "popular",
}
MEASURES = ("hr@1", "hr@5", "hr@10", "hr@20", "mrr@10", "mrr@20")
GROUPS = ("most played 1 %", "next 9 %", "next 40 %", "the other half", "never played")
UNKNOWN = "–"


def replay_report(summary: Mapping[str, Any], told: Mapping[str, Any], *, command: str) -> str:
    """Return the page; figures are those of the summary's JSON, rounded where they are shown."""
    parts = [
        *_headline(summary, command),
        *_quality(summary, told["over_time"]),
        *_reward(told["over_time"]),
        *_calibration(told["calibration"]),
        *_exposure(told["exposure"], told["over_time"]),
        *_sources(told["sources"]),
        *_weights(told["weights"]),
        *_run(summary, told["latency_ms"], told["settings"]),
    ]
    return document(f"segue replay: {summary['plays']:,} plays", parts)


def _headline(summary: Mapping[str, Any], command: str) -> list[Element]:
    mine = summary["quality"]["segue"]
    resumed = summary["resumed_at"]
    pairs = [
        ("plays", f"{summary['plays']:,}"),
        ("listeners", f"{summary['listeners']:,}"),
        ("tracks", f"{summary['tracks']:,}"),
        ("HR@10", f"{mine['hr@10']:.3f}"),
        ("MRR@10", f"{mine['mrr@10']:.3f}"),
        ("mean reward", _number(summary["mean_reward"])),
        ("skip AUC", _number(summary["skip_auc"])),
        ("plays/s", f"{summary['plays_per_s']:,.0f}"),
    ]
    note = (
        [element("p", f"Resumed at play {resumed:,}: curves begin there.", class_="quiet")] if resumed else []
    )
    return [element("h1", "segue replay"), element("pre", command), figures(pairs), *note]


def _quality(summary: Mapping[str, Any], over_time: Mapping[str, Any]) -> list[Element]:
    quality = summary["quality"]
    shown = [name for name in NAMES if name in quality]
    rows = [
        [
            NAMES[name],
            *[f"{quality[name][measure]:.3f}" for measure in MEASURES],
            f"{quality[name]['plays']:,}",
        ]
        for name in shown
    ]
    best = max(range(len(shown)), key=lambda row: quality[shown[row]]["hr@10"])
    lines = {NAMES[name]: over_time["hr@10"][name] for name in shown if name in over_time["hr@10"]}
    return section(
        "Was the next play foretold?",
        "Predicted, then learned. HR@k: the play was among the first k; MRR@k: mean of one over its place. "
        "Below: HR@10 as the log goes on.",
        table(["by", *[measure.upper() for measure in MEASURES], "plays"], rows, best=best),
        legend(list(lines)),
        curves(lines, _xs(over_time), "HR@10 over the log", x_name="plays"),
    )


def _reward(over_time: Mapping[str, Any]) -> list[Element]:
    return section(
        "Reward",
        "What a slate earned, on average, as the log goes on: a play of one of its tracks that was heard to "
        "its end earns 1, one that was left early little. A log that others have led earns little here.",
        curves({"reward": over_time["reward"]}, _xs(over_time), "Mean reward of slates", x_name="plays"),
    )


def _calibration(bins: Sequence[Mapping[str, float]]) -> list[Element]:
    most = max((one["slots"] for one in bins), default=1)
    points = [(one["expected"], one["earned"], one["slots"] / most) for one in bins]
    rows = [[f"{one['expected']:.3f}", f"{one['earned']:.3f}", f"{one['slots']:,}"] for one in bins]
    return section(
        "Calibration",
        "Seen slots by expected reward (across) and what they earned (up); on the line, expectations are "
        "right. Larger dots stand for more slots.",
        against_diagonal(points, "Earned against expected reward"),
        table(["expected", "earned", "slots"], rows),
    )


def _exposure(exposure: Mapping[str, Any], over_time: Mapping[str, Any]) -> list[Element]:
    rows = [
        [name, f"{group['tracks']:,}", f"{group['plays']:.1%}", f"{group['slots']:.1%}"]
        for name, group in zip(GROUPS, exposure["groups"], strict=True)
    ]
    shown, known = exposure["shown"], exposure["known"]
    new = {"slots": over_time["new_in_slates"], "plays": over_time["new_in_plays"]}
    return section(
        "Exposure",
        f"Slates held {shown:,} of {known:,} known tracks ({shown / max(known, 1):.1%} of the catalogue). "
        "Tracks by how often they were played, and their shares of plays and of slots; below, the share of "
        "slots and of plays with artists first heard less than a week before (tracks, where artists are "
        "unknown).",
        table(["tracks", "how many", "of plays", "of slots"], rows),
        legend(["slots with new artists", "plays of new artists"]),
        curves(new, _xs(over_time), "Share of new artists in slots and plays", x_name="plays"),
    )


def _sources(sources: Mapping[str, Mapping[str, float]]) -> list[Element]:
    rows = [
        [name.replace("_", " "), f"{found['top']:.1%}", f"{found['hits']:.1%}"]
        for name, found in sorted(sources.items(), key=lambda item: -item[1]["hits"])
    ]
    return section(
        "Where the hits came from",
        "Who proposed the ten best by score, and who proposed those that were played.",
        table(["source", "of the ten best", "of the hits"], rows),
    )


def _weights(weights: Sequence[Mapping[str, Any]]) -> list[Element]:
    ranked = sorted((one for one in weights if one["weight"] != 0), key=lambda one: -abs(one["weight"]))
    rows = [(one["name"].replace("_", " "), one["weight"], one["low"], one["high"]) for one in ranked]
    return section(
        "What was learned",
        "How much a whole unit of each column adds to the expected reward, in the average context of this "
        "log; the line is 95 % of the posterior. Columns that this log never filled are left out.",
        intervals(rows, "Weights of the columns with intervals"),
        table(
            ["column", "weight", "95 % from", "to"],
            [[name, *[f"{value:+.4f}" for value in values]] for name, *values in rows],
        ),
    )


def _run(
    summary: Mapping[str, Any], latency_ms: Mapping[str, float], settings: Mapping[str, str]
) -> list[Element]:
    letters = summary["dead_letters"]
    counted = [
        *[(name.replace("_", " "), f"{count:,}") for name, count in summary["counts"].items()],
        ("dead letters", f"{sum(letters.values()):,}"),
        *[(f"dead letters: {reason}", f"{count:,}") for reason, count in letters.items()],
        ("policy", f"{summary['policy']}, version {summary['version']}"),
        ("seconds", f"{summary['seconds']:,.1f}"),
        *[(f"ms a record, read to learned, {name}", f"{ms:.3f}") for name, ms in latency_ms.items()],
    ]
    return [
        *section("The run", "What was counted, and how long it took.", table(["what", "how much"], counted)),
        *section(
            "Settings",
            "All that the outcome depends on, beside the log: the same give the same bytes.",
            table(["setting", "value"], list(settings.items())),
        ),
    ]


def _xs(over_time: Mapping[str, Any]) -> list[float]:
    """Return how many plays there were up to each point."""
    return [float(plays) for plays in accumulate(over_time["plays"])]


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}"
