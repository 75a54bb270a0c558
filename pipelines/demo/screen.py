"""Screen: what the demo shows while it runs and when it ends, as rich renderables."""

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.demo.chart import Chart, shrunk, spark
from pipelines.demo.contestant import Contestant
from pipelines.demo.race import BEST, POPULAR, SEGUE, SPANS_A_DAY, UNIFORM, Race
from pipelines.demo.settings import DAY_MS
from pipelines.why import Slot

STYLES = {SEGUE: "bold green", UNIFORM: "yellow", POPULAR: "bright_blue", BEST: "magenta"}
MEANINGS = {
    SEGUE: "the engine with its default policy, learning as it goes",
    UNIFORM: "the engine too, but its slates are drawn evenly from its candidates",
    POPULAR: "the most played tracks that the session has not heard yet",
    BEST: "somebody who knows what each track would earn at this very turn",
}
HIGH = 1.0
SPARKS = 14


def headline(race: Race, plays_per_s: float) -> Text:
    """Return the line on top: how far it is and how fast it goes."""
    world = race.world.settings
    line = Text("segue demo", style="bold", no_wrap=True, overflow="ellipsis")
    line.append(
        f"  day {race.day:.1f} of {world.days}  {race.plays:,} plays  {plays_per_s:,.0f} plays/s  "
        f"({world.listeners:,} listeners, {world.tracks:,} tracks)",
        style="not bold",
    )
    return line


def drift_day(race: Race) -> float:
    """Return the day on which the switchers' taste changes."""
    return (race.world.switch_ms - race.world.start_ms) / DAY_MS


def drift_note(race: Race) -> str:
    """Return what happens on that day."""
    share = race.world.settings.switch_share
    return f"day {drift_day(race):.1f}: {share:.0%} of the listeners change their taste"


def curves(race: Race, width: int, height: int) -> RenderableType:
    """Return the learning curves, with the day on which tastes change marked."""
    drawn = [(STYLES[c.name], c.tally.curve(smooth=SPANS_A_DAY)) for c in race.contestants]
    chart = Chart(max(width - 10, 20), height, _low(race), HIGH)
    for style, curve in reversed(drawn):  # the first is on top
        chart.draw(curve, race.spans, style)
    mark = drift_day(race) / race.world.settings.days
    at, note = round(mark * chart.width), drift_note(race)
    right = len(note) + 2 <= chart.width - at
    below = Text(" " * (6 + at) + f"└ {note}" if right else f"{note} ┘".rjust(7 + at), style="red")
    title = "mean reward of advice over the last day"
    return Panel(Group(*chart.lines(mark), below), title=title, title_align="left", box=box.ROUNDED)


def _low(race: Race) -> float:
    """Return where the scale begins: a tenth below the lowest curve."""
    lows = [curve.min() for c in race.contestants if len(curve := c.tally.curve(smooth=SPANS_A_DAY))]
    return max(0.0, int(10 * min(lows, default=0.3)) / 10)


def figures(race: Race, *, sparks: int = 0) -> Table:
    """Return the table of what each contestant has come to, with ``sparks`` characters of its curve."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("policy", no_wrap=True)
    if sparks:
        table.add_column("curve", no_wrap=True, min_width=sparks)
    for name in ("last fifth", "overall", "of the best", "regret", "new artists"):
        table.add_column(name, justify="right", no_wrap=True)
    for contestant, result in zip(race.contestants, race.results(), strict=True):
        style = STYLES[result.name]
        table.add_row(
            Text(result.name, style=style),
            *([_sparks(race, contestant, sparks)] if sparks else []),
            Text(f"{result.late:.3f}", style=style),
            f"{result.mean:.3f}",
            f"{result.of_best:.1%}",
            f"{result.regret:,.0f}",
            f"{result.new_artists:.1%}",
        )
    return table


def _sparks(race: Race, contestant: Contestant, length: int) -> Text:
    curve = shrunk(contestant.tally.curve(), length)
    return Text(spark(curve, _low(race), HIGH), style=STYLES[contestant.name])


def story(race: Race, *, slots: int = 3, terms: int = 2, wrap: bool = False) -> RenderableType:
    """Return one listener's last plays, and what comes next for them with why."""
    heard = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for play in list(race.story.heard)[-3:]:
        mark = Text("to its end", "green") if play.share > 0.9 else Text(f"left at {play.share:.0%}", "red")
        heard.add_row("heard", _named(race, play.track_id), mark, "advised" if play.advised else "own choice")
    coming = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=True)
    coming.add_column("next", no_wrap=True, overflow="ellipsis", ratio=3)
    for name in ("score", "propensity"):
        coming.add_column(name, justify="right", width=len(name))
    coming.add_column("source", width=13)
    coming.add_column("why", no_wrap=not wrap, overflow="fold" if wrap else "ellipsis", ratio=5)
    for slot in race.story.next_tracks(race.engine.engine.views.table, slots):
        coming.add_row(
            _named(race, slot.track_id), f"{slot.score:.3f}", f"{slot.propensity:.3f}",
            slot.source.replace("_", " "), _why(slot, terms),
        )  # fmt: skip
    title = f"{race.story.listener_id}: what they heard, and what is next"
    return Panel(Group(heard, coming), title=title, title_align="left", box=box.ROUNDED)


def _why(slot: Slot, terms: int) -> str:
    """Return the largest terms in words, and the rest as one number: together they are the predictor."""
    words = [f"{reason.contribution:+.2f} {reason.words}" for reason in slot.reasons[:terms]]
    rest = sum(reason.contribution for reason in slot.reasons[terms:])
    return ", ".join([*words, f"{rest:+.2f} all else"])


def _named(race: Race, track_id: str) -> str:
    table = race.engine.engine.views.table
    track = table.titles[table.handle(track_id)]
    return f"{track.title} ({track.artist})"


def live(race: Race, plays_per_s: float, width: int, height: int) -> RenderableType:
    """Return the whole screen, as high as the terminal allows."""
    rows = max(5, min(16, height - 19))
    return Group(headline(race, plays_per_s), curves(race, width, rows), figures(race), story(race))


def closing(race: Race, seconds: float) -> Text:
    """Return the last words: what the figures are, how far from the best possible, and what to try next."""
    results = {result.name: result for result in race.results()}
    segue, uniform, popular, best = (results[name] for name in (SEGUE, UNIFORM, POPULAR, BEST))
    text = Text("\n")
    for name, meaning in MEANINGS.items():
        text.append(f"{name:<14}", STYLES[name]).append(f"{meaning}\n")
    text.append(
        "Reward: 1 for an advised track heard to its end or liked, little if left early, 0 if none taken.\n"
        "Regret: what the best possible choice earned more. New artists: their share of what was seen.\n\n"
    )
    text.append(
        f"segue ends at {segue.late:.3f}, {segue.of_best:.1%} of the best possible {best.late:.3f}", "bold"
    )
    text.append(f" (popular {popular.of_best:.1%}, uniform {uniform.of_best:.1%}).\n")
    rate = race.plays / max(seconds, 1e-9)
    text.append(
        f"{race.plays:,} plays in {seconds:.0f} s: {rate:,.0f} plays/s, the listeners' lives included.\n\n"
    )
    text.append("Try next:\n", "bold")
    for command, what in (
        ("segue replay my_spotify_data.zip", "your own export: Spotify, ListenBrainz, Last.fm, CSV"),
        ("segue replay LOG --scores next.jsonl", "next-track scores for any log of plays"),
        ("segue demo --seed 8 --days 28", "another world, for longer"),
        ("segue settings", "what can be set, for segue demo --settings FILE too"),
    ):
        text.append(f"  {command:<38}", "cyan").append(f"{what}\n")
    return text
