"""Screen: what the demo shows while it runs and when it ends, as rich renderables."""

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pipelines.demo.chart import Chart, shrunk, spark
from pipelines.demo.race import BEST, POPULAR, SEGUE, UNIFORM, Race
from pipelines.demo.settings import DAY_MS
from pipelines.demo.story import Next

STYLES = {SEGUE: "bold green", UNIFORM: "yellow", POPULAR: "blue", BEST: "magenta"}
MEANINGS = {
    SEGUE: "the engine as it comes",
    UNIFORM: "its candidates, evenly drawn",
    POPULAR: "what is played most",
    BEST: "who knows the truth",
}
LOW, HIGH = 0.3, 1.0


def headline(race: Race, plays_per_s: float) -> Text:
    """Return the line on top: how far it is and how fast it goes."""
    world = race.world.settings
    line = Text("segue demo", style="bold")
    line.append(
        f"   {world.listeners} listeners, {world.tracks:,} tracks   day {race.day:.1f} of {world.days}   "
        f"{race.plays:,} plays   {plays_per_s:,.0f} plays/s",
        style="not bold",
    )
    return line


def drift_day(race: Race) -> float:
    """Return the day on which the switchers' taste changes."""
    return (race.world.switch_ms - race.world.start_ms) / DAY_MS


def curves(race: Race, width: int, height: int) -> RenderableType:
    """Return the learning curves, with the day on which tastes change marked."""
    chart = Chart(max(width - 10, 20), height, LOW, HIGH)
    for contestant in reversed(race.contestants):
        chart.draw(contestant.tally.curve(smooth=4), race.spans, STYLES[contestant.name])
    mark = drift_day(race) / race.world.settings.days
    title = "mean reward of a piece of advice, over the last day"
    below = Text(" " * 6 + " " * int(mark * chart.width), style="red")
    share = race.world.settings.switch_share
    below.append(f"└ day {drift_day(race):.0f}: {share:.0%} of the listeners change their taste")
    below.truncate(width - 4)
    return Panel(Group(*chart.lines(mark), below), title=title, title_align="left", box=box.ROUNDED)


def figures(race: Race, sparks: int = 20) -> Table:
    """Return the table of what each contestant has come to."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=False)
    table.add_column("policy")
    table.add_column("learning curve")
    for name in ("last fifth", "overall", "of the best", "regret", "new artists"):
        table.add_column(name, justify="right")
    table.add_column("", style="dim")
    for contestant, result in zip(race.contestants, race.results(), strict=True):
        style = STYLES[result.name]
        table.add_row(
            Text(result.name, style=style),
            Text(spark(shrunk(contestant.tally.curve(), sparks), LOW, HIGH), style=style),
            Text(f"{result.late:.3f}", style=style),
            f"{result.mean:.3f}",
            f"{result.of_best:.1%}",
            f"{result.regret:,.0f}",
            f"{result.new_artists:.1%}",
            MEANINGS[result.name],
        )
    return table


def story(race: Race, slots: int = 3, terms: int = 2) -> RenderableType:
    """Return one listener's last plays, and what comes next for them with why."""
    heard = Text("heard  ")
    for play in list(race.story.heard)[-3:]:
        mark, style = ("✓", "green") if play.share > 0.9 else (f"✗ {play.share:.0%}", "red")
        heard.append(f"{_named(race, play.track_id)} ")
        heard.append(mark, style=style)
        heard.append(" advised   " if play.advised else " own choice   ", style="dim")
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("next", style="bold", no_wrap=True)
    table.add_column("score", justify="right")
    table.add_column("propensity", justify="right")
    table.add_column("source")
    table.add_column("why", ratio=1)
    for slot in race.story.next_tracks(race.engine.engine.views, slots):
        table.add_row(
            _named(race, slot.track_id), f"{slot.score:.3f}", f"{slot.propensity:.3f}",
            slot.source.replace("_", " "), _why(slot, terms),
        )  # fmt: skip
    return Panel(Group(heard, table), title=race.story.listener_id, title_align="left", box=box.ROUNDED)


def _why(slot: Next, terms: int) -> str:
    """Return the largest terms in words, and the rest as one number: together they are the predictor."""
    shown, rest = slot.why[:terms], slot.why[terms:]
    words = [f"{contribution:+.2f} {what}" for what, contribution in shown]
    return ", ".join([*words, f"{np.sum([term for _, term in rest]):+.2f} all else"])


def _named(race: Race, track_id: str) -> str:
    table = race.engine.engine.views.table
    track = table.titles[table.handle(track_id)]
    return f"{track.title} ({track.artist})"


def live(race: Race, plays_per_s: float, width: int, height: int) -> RenderableType:
    """Return the whole screen, as high as the terminal allows."""
    rows = max(5, min(16, height - 21))
    return Group(headline(race, plays_per_s), curves(race, width, rows), figures(race), story(race))


def closing(race: Race, seconds: float) -> Text:
    """Return the last words: how far from the best possible, and what to try next."""
    results = {result.name: result for result in race.results()}
    segue, uniform, popular, best = (results[name] for name in (SEGUE, UNIFORM, POPULAR, BEST))
    text = Text()
    text.append(
        f"In the last fifth of the time segue earned {segue.late:.3f} of the {best.late:.3f} that the best "
        f"possible choice earned: {segue.of_best:.1%} of the way; uniform {uniform.of_best:.1%}, "
        f"popular {popular.of_best:.1%}.\n"
    )
    text.append(
        f"{race.plays:,} plays in {seconds:.0f} s, {race.plays / max(seconds, 1e-9):,.0f} plays/s.\n\n"
    )
    text.append("Try next:\n", style="bold")
    for command, what in (
        ("segue replay my_spotify_data.zip", "your own export (Spotify, ListenBrainz, Last.fm, CSV…)"),
        ("segue replay LOG --scores next.jsonl", "next-track scores of any log, and how good they were"),
        ("segue demo --seed 8 --days 28", "another world, or a longer look at this one"),
        ("segue settings", "what can be set; then segue demo --settings FILE"),
    ):
        text.append(f"  {command:<40}", style="cyan")
        text.append(f"{what}\n")
    return text
