"""Show: the command `segue demo`: a small world, streamed through the engine before your eyes."""

from collections.abc import Iterator
from signal import SIGINT, signal
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
    with console.status("compiling what is not compiled yet: a minute or two, the first time only"):
        warm_up(settings)
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


def warm_up(settings: Settings) -> None:
    """Let everything happen once in a world that nobody sees, so that all kernels are there."""
    for _ in Race(World(WorldSettings(listeners=10, tracks=200, artists=25, days=2)), settings).run():
        pass


def _until_interrupted(race: Race) -> Iterator[int]:
    """Run the race; Ctrl-C takes effect between two plays, for in the midst of a kernel it is an error."""
    asked: list[int] = []
    before = signal(SIGINT, lambda number, _: asked.append(number))
    try:
        for plays in race.run():
            if asked:
                raise KeyboardInterrupt
            yield plays
    finally:
        signal(SIGINT, before)


def _screen(race: Race, console: Console) -> None:
    """Draw the screen anew every so often; how fast the plays go is told over the last while."""
    before_s, before, rate = monotonic(), 0, 0.0
    with Live(console=console, auto_refresh=False, transient=True, screen=False) as screen:
        for plays in _until_interrupted(race):
            now_s = monotonic()
            if now_s - before_s < REFRESH_S:
                continue
            newest = (plays - before) / (now_s - before_s)
            rate = newest if rate == 0.0 else 0.8 * rate + 0.2 * newest
            before_s, before = now_s, plays
            screen.update(live(race, rate, console.width, console.height), refresh=True)


def _lines(race: Race, console: Console) -> None:
    """Print one line a day: the mean reward of each policy over that day."""
    printed = 0
    for _ in _until_interrupted(race):
        printed = _days(race, console, printed)
    _days(race, console, printed)


def _days(race: Race, console: Console, printed: int) -> int:
    """Print a day that has passed since the last line; return the number of days printed."""
    day = race.span // SPANS_A_DAY
    if day == printed:
        return printed
    rewards = [f"{c.name} {c.tally.curve(smooth=SPANS_A_DAY)[race.span - 1]:.3f}" for c in race.contestants]
    console.print(f"day {day:4}  {'  '.join(rewards)}", soft_wrap=True)
    if printed <= drift_day(race) < day:
        console.print(drift_note(race), soft_wrap=True)
    return day
