"""Serving: one uvicorn server until Ctrl-C; on loopback unless told otherwise."""

import socket
from ipaddress import ip_address

import uvicorn
from msgspec import Struct
from starlette.types import ASGIApp

from pipelines.page.guard import Limits

CONNECTIONS_MAX = 4_096


class WrongAddress(OSError):
    """The page cannot be served where it was asked to be; the message has the way out."""


class Address(Struct, frozen=True):
    """Where the page is served, and who may write."""

    host: str = "127.0.0.1"
    port: int = 8_765
    token: str | None = None


def limits_of(address: Address) -> Limits:
    """Return what is let in there: beyond loopback nobody writes without a token."""
    return Limits(token=address.token, open_writes=is_loopback(address.host))


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach it.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def hosts_of(host: str) -> list[str]:
    """Return the names under which a server there may be called: a page elsewhere must not reach loopback."""
    return ["127.0.0.1", "localhost", "[::1]", host] if is_loopback(host) else ["*"]


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes any that is free. Raises `WrongAddress`."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=1_024)
    except (OSError, OverflowError) as error:
        raise WrongAddress(
            f"cannot serve at {host}:{port} ({error}); give another --port, 0 takes any that is free"
        ) from None


def url_of(bound: socket.socket) -> str:
    """Return where a browser finds it."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve_app(app: ASGIApp, bound: socket.socket) -> None:
    """Serve until Ctrl-C or SIGTERM; streams are ended, requests under way get two seconds."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
        server_header=False,
        access_log=False,
    )
    uvicorn.Server(config).run(sockets=[bound])
