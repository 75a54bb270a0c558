"""Serve: `segue page`: the page and the API over a deployment on Kafka, until Ctrl-C."""

import logging
import webbrowser
from contextlib import suppress
from secrets import token_hex

from rich.console import Console

from pipelines.faust_worker.warm import warm_up
from pipelines.kafka.topics import check
from pipelines.live_page.port import LivePort
from pipelines.page.app import make_app
from pipelines.page.serving import Address, bind, hosts_of, limits_of, serve_app, url_of
from pipelines.settings import Settings
from pipelines.views import Views


def serve_live(
    settings: Settings, console: Console, address: Address, *, browser: bool, pinned: Views | None = None
) -> None:
    """Serve until Ctrl-C. Raises `WrongAddress`, and `KafkaFailed` where topics are not as they must be."""
    check(settings.kafka)
    with bind(address.host, address.port) as bound:
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
        logging.getLogger("aiokafka").setLevel(logging.ERROR)  # what matters of it is said by us
        warm_up(settings)
        port = LivePort(settings, token_hex(4), pinned)
        url = url_of(bound)
        console.print(
            f"segue is at {url}: over Kafka at {settings.kafka.bootstrap}, "
            f"topics {settings.kafka.prefix}listener-events and on.\n"
            f"API: {url}/v1/openapi.json  metrics: {url}/metrics  Ctrl-C ends it.",
            soft_wrap=True,
            highlight=False,
        )
        if browser:
            webbrowser.open(url)
        app = make_app(port, port.desk, limits_of(address), hosts=hosts_of(address.host), work=port.run)
        with suppress(KeyboardInterrupt):
            serve_app(app, bound)
