"""Page: `segue demo` on a terminal: the town in a browser, and whoever looks on is one more listener."""

import webbrowser
from contextlib import suppress
from secrets import token_hex

from rich.console import Console

from pipelines.demo.race import Race
from pipelines.demo.settings import WorldSettings
from pipelines.demo.show import warm_up
from pipelines.demo.town import Town
from pipelines.demo.world import World
from pipelines.page.app import App, make_app
from pipelines.page.serving import Address, bind, hosts_of, limits_of, serve_app, url_of
from pipelines.settings import Settings


def serve_town(
    world: WorldSettings, settings: Settings, console: Console, address: Address, *, browser: bool
) -> None:
    """Serve the town until Ctrl-C. Raises `WrongAddress` before anything is built."""
    with bind(address.host, address.port) as bound:
        with console.status("compiling what is not compiled yet: a minute or two, the first time only"):
            warm_up(settings)
            watching = with_drift_watch(settings)
            town = Town(Race(World(world), watching), watching, run_id=token_hex(4))
        url = url_of(bound)
        console.print(
            f"segue is at {url}: a town of {world.listeners} listeners, {world.tracks:,} tracks, and you.\n"
            f"API: {url}/v1/openapi.json  metrics: {url}/metrics  Ctrl-C ends it.",
            soft_wrap=True,
            highlight=False,
        )
        if browser:
            webbrowser.open(url)
        with suppress(KeyboardInterrupt):
            serve_app(app_of(town, address), bound)
        console.print(f"ended on day {town.race.day:.1f}")


def with_drift_watch(settings: Settings) -> Settings:
    """Return settings under which the learner looks for drift, so that the page can tell of it."""
    if settings.learning.drift != "ignore":
        return settings
    learning = settings.learning.model_copy(update={"drift": "watch"})
    return settings.model_copy(update={"learning": learning})


def app_of(town: Town, address: Address) -> App:
    """Return the app over a town; it walks while the app is up."""
    return make_app(town, town.desk, limits_of(address), hosts=hosts_of(address.host), work=town.run)
