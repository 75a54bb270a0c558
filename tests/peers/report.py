"""Report: docs/peers.md and its plots, from what every library has earned and cost."""

from pathlib import Path
from typing import Any

from tests.bench.plotting import saved, subplots
from tests.peers.speed import COUNTS, VERSION_ROWS

PAGE = Path("docs/peers.md")
WHAT = {
    "digits": "handwritten digits as ten arms, 64 pixels, 1,797 rounds",
    "segment": "patches of images as seven arms, 18 numbers, 2,310 rounds",
    "drift": "eight arms that trade their weights twice, 5,000 rounds",
    "ratings": "which of eight rated tracks is liked (CM100k), 200 tracks as arms, 1,500 rounds",
    "situations": "which of four tracks heard in a row is rated best (SiTunes), by their sound, 364 rounds",
    "demo": "the demo's world: forty candidates with the engine's own columns, 4,000 rounds",
}
HEAD = """# Peers

Bandit libraries beside ours, on the same streams. `make bench-bandits` plays them and writes this page.

In every round a player is shown the arms, takes one, and is told what that one earned. What each arm would
have earned is known, so nobody's estimate is needed. All see the same context and, where arms have columns
and a library can use them, those; – means that it cannot play: its models know no columns of arms, or would
not fit. A library plays the way that was best for it in trials on a seed or two, then five seeds: mean reward
over all rounds ± its standard error, then that of the last fifth. **Bold** is the first, and whoever is
within two standard errors of it. The Open Bandit Data are not among the streams: its log tells the reward of
the item shown alone, and 46 clicks in 7,000 rows over 34 items tell no player from another.

"""
MIDDLE = """
## What a round costs

Microseconds of CPU time to decide + to learn, medians, on one thread. Ours, Vowpal Wabbit, bayesianbandits
and coba score candidates by columns shared by all, context (21) ⊗ columns (17); Vowpal Wabbit's examples were
parsed before the clock started. The others keep a regression on the context for each candidate, which is
less to do, and learn nothing across candidates. Ours includes its share of a version made every {rows:,}
rows.

"""


def write(
    found: dict[str, dict[str, Any]],
    speed: dict[str, list[list[float]]],
    memory: dict[str, float],
    where: str,
) -> None:
    """Write the page: what each library found on each stream (None: it cannot), what it costs and keeps."""
    found = {name: {library: one for library, one in played.items() if one} for name, played in found.items()}
    lines = [HEAD, _rewards(found), "\n![mean reward so far](plots/peers.svg)\n"]
    lines += ["\n| stream | segue's way | the best peer's |\n|---|---|---|\n", *_ways(found)]
    lines += [MIDDLE.format(rows=VERSION_ROWS), _costs(speed), _memory(memory), "\n", where, ".\n"]
    PAGE.write_text("".join(lines))
    _plot(found)
    print(f"wrote {PAGE}")


def _rewards(found: dict[str, Any]) -> str:
    libraries = list(dict.fromkeys(library for played in found.values() for library in played))
    rows = [f"| | {' | '.join(libraries)} |", f"|---|{'---|' * len(libraries)}"]
    for name, played in found.items():
        best = max(played.values(), key=lambda one: float(one["mean"]))
        cells = []
        for library in libraries:
            one = played.get(library)
            if one is None:
                cells.append("–")
                continue
            noise = 2 * (one["noise"] ** 2 + best["noise"] ** 2) ** 0.5
            mark = "**" if one is best or best["mean"] - one["mean"] <= noise else ""
            cells.append(f"{mark}{_short(one['mean'])}{mark} ± {_short(one['noise'])}, {_short(one['late'])}")
        rows.append(f"| {name}: {WHAT[name]} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


def _ways(found: dict[str, Any]) -> list[str]:
    lines = []
    for name, played in found.items():
        peers = {library: one for library, one in played.items() if library != "segue"}
        best = max(peers, key=lambda library: float(peers[library]["mean"]))
        lines.append(f"| {name} | {played['segue']['way']} | {best}: {peers[best]['way']} |\n")
    return lines


def _costs(speed: dict[str, list[list[float]]]) -> str:
    rows = [
        f"| | {' | '.join(f'{count:,} candidates' for count in COUNTS)} |",
        f"|---|{'---:|' * len(COUNTS)}",
    ]
    ours = [sum(cost) for cost in speed["segue, LinUCB"]]
    for name, costs in speed.items():
        cells = []
        for cost, mine in zip(costs, ours, strict=True):
            times = "" if name.startswith("segue") else f" ({sum(cost) / mine:,.0f} ×)"
            cells.append(f"{cost[0]:,.0f} + {cost[1]:,.0f}{times}")
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows) + "\n\nIn brackets: how many times our LinUCB.\n"


def _memory(memory: dict[str, float]) -> str:
    kept = ", ".join(f"{library} {size:.1f}" for library, size in memory.items())
    return f"\nWhat a player keeps that has learned, at 100 candidates, in MB of resident memory: {kept}.\n"


def _plot(found: dict[str, Any]) -> None:
    libraries = list(dict.fromkeys(library for played in found.values() for library in played))
    figure, axes = subplots(-(-len(found) // 2), 2, width=9.0, height=2.7)
    for axis, name in zip(axes.flat, found, strict=False):
        for library, one in found[name].items():
            axis.plot(
                [2 * (k + 1) for k in range(len(one["curve"]))],
                one["curve"],
                label=library,
                color=f"C{libraries.index(library)}",
                linewidth=2.2 if library == "segue" else 1.0,
                zorder=3 if library == "segue" else 2,
            )
        axis.set(title=name, xlabel="% of the rounds")
    axes.flat[0].legend(fontsize="x-small")
    saved(figure, Path("docs/plots/peers.svg"))


def _short(number: float) -> str:
    return f"{number:.3f}".replace("0.", ".", 1)
