"""Guard: what every request must pass before a handler sees it: size, time, load, and who may write."""

import asyncio
import hmac

from msgspec import Struct
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.page.problems import Problem

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Limits(Struct, frozen=True):
    """How much is let in; with a ``token`` none may write without it."""

    body_bytes: int = 1_048_576  # a request may bring 1,000 candidates
    body_s: float = 5.0  # for a body to come in
    writes: int = 256  # at one time
    token: str | None = None
    open_writes: bool = True  # whether anybody may write where there is no token


class Guard:
    """ASGI middleware; what it refuses is a problem, as everything else."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self._writing = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with a problem."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        if scope["method"] in ("GET", "HEAD", "OPTIONS"):
            await self.app(scope, receive, send_guarded)
            return
        self._writing += 1
        try:
            try:
                body = await self._admitted(Headers(scope=scope), receive)
            except Problem as problem:
                await problem.response()(scope, receive, send_guarded)
                return
            await self.app(scope, _given(body, receive), send_guarded)
        finally:
            self._writing -= 1

    async def _admitted(self, headers: Headers, receive: Receive) -> bytes:
        limits = self.limits
        if limits.token is None and not limits.open_writes:
            raise Problem(403, "this server is bound beyond loopback and has no token: start it with --token")
        if limits.token is not None:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            matches = hmac.compare_digest(given.encode(), limits.token.encode())
            if scheme.lower() != "bearer" or not matches:
                raise Problem(
                    401,
                    "writing needs the header Authorization: Bearer TOKEN, with the server's own token",
                    headers={"WWW-Authenticate": "Bearer"},
                )
        if self._writing > limits.writes:
            raise Problem(503, f"{limits.writes} writes are under way already", headers={"Retry-After": "1"})
        try:
            async with asyncio.timeout(limits.body_s):
                return await self._read(headers, receive)
        except TimeoutError:
            raise Problem(
                408, f"the body did not come within {limits.body_s:g} s", headers={"Connection": "close"}
            ) from None

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        length = headers.get("content-length", "0")
        body, more = b"", True
        while more:
            too_large = len(body) > self.limits.body_bytes
            if too_large or (length.isdecimal() and int(length) > self.limits.body_bytes):
                raise Problem(
                    413,
                    f"the body is larger than {self.limits.body_bytes:,} bytes",
                    headers={"Connection": "close"},
                )
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Problem(408, "the client has gone")
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if len(body) > self.limits.body_bytes:
            raise Problem(413, f"the body is larger than {self.limits.body_bytes:,} bytes")
        return body


def _given(body: bytes, receive: Receive) -> Receive:
    """Return a receive that gives a body that was read already, then whatever the connection says."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def give() -> Message:
        return whole.pop() if whole else await receive()

    return give
