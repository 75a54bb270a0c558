"""Show: the command `segue demo`: a small world, streamed through the engine before your eyes."""

from time import monotonic

from rich.console import Console
from rich.live import Live

from pipelines.demo.race import SPANS_A_DAY, Race
from pipelines.demo.screen import SPARKS, closing, drift_day, drift_note, figures, live, story
from pipelines.demo.settings import WorldSettings
from pipelines.demo.world import World
from pipelines.settings import Settings

REFRESH_S = 0.4


def show(world: WorldSettings, settings: Settings, console: Console, *, plain: bool = False) -> Race:
    """Run the race to its end, on a live screen or with a line a day, and print the final figures."""
    console.print(
        f"A world of {world.listeners} listeners and {world.tracks:,} tracks (seed {world.seed}). "
        "Each policy meets the same listeners with the same luck."
    )
    race = Race(World(world), settings)
    started_s = monotonic()
    try:
        if plain:
            _lines(race, console)
        else:
            _screen(race, console)
    except KeyboardInterrupt:
        console.print(f"stopped on day {race.day:.1f}; the figures so far:")
    seconds = monotonic() - started_s
    console.print()
    console.print(figures(race, sparks=SPARKS))
    console.print(story(race, slots=5, terms=3, wrap=True))
    console.print(closing(race, seconds), soft_wrap=True)
    return race


def _screen(race: Race, console: Console) -> None:
    """Draw the screen anew every so often; how fast the plays go is told over the last while."""
    before_s, before, rate = monotonic(), 0, 0.0
    with Live(console=console, auto_refresh=False, transient=True, screen=False) as screen:
        for plays in race.run():
            now_s = monotonic()
            if now_s - before_s < REFRESH_S:
                continue
            newest = (plays - before) / (now_s - before_s)
            rate = newest if rate == 0.0 else 0.8 * rate + 0.2 * newest
            before_s, before = now_s, plays
            screen.update(live(race, rate, console.width, console.height), refresh=True)


def _lines(race: Race, console: Console) -> None:
    """Print one line a day: the mean reward of each policy over that day."""
    day, drifted = 0, False
    for _ in race.run():
        if int(race.day) <= day:
            continue
        day = int(race.day)
        if not drifted and race.day >= drift_day(race):
            drifted = True
            console.print(drift_note(race))
        rewards = [
            f"{c.name} {c.tally.curve(smooth=SPANS_A_DAY)[race.span - 1]:.3f}" for c in race.contestants
        ]
        console.print(f"day {day:4}  {'  '.join(rewards)}")
