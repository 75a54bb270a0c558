"""App: routes, files and middleware put together; what `serving` runs and tests call."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pipelines import metrics
from pipelines.page.api import OPERATIONS, Api
from pipelines.page.desk import Desk
from pipelines.page.guard import Guard, Limits
from pipelines.page.openapi import document
from pipelines.page.operations import JSON, STREAM, Operation, value_of
from pipelines.page.port import Port
from pipelines.page.problems import Problem, of_failure, of_http, of_problem
from topics.codec import decode
from topics.dead_letter import Rejected

STATIC = Path(__file__).parent / "static"
PING_S = 15
SEND_S = 30  # a stream whose client takes nothing for so long is closed

App = Starlette
Endpoint = Callable[[Request], Any]
Work = Callable[[], Coroutine[Any, Any, None]]


def make_app(port: Port, desk: Desk, limits: Limits, *, hosts: list[str], work: Work | None = None) -> App:
    """Return the app over one engine; ``work`` goes on while it is up.

    ``hosts`` are the names under which it may be called, ["*"]: any.
    """
    api = Api(port, desk)
    described = msgspec.json.encode(document(OPERATIONS, token=limits.token is not None))

    async def openapi(_: Request) -> Response:
        return Response(described, media_type=JSON)

    async def scraped(_: Request) -> Response:
        port.metrics.streams.set(desk.hub.streams)
        return Response(port.metrics.text(), media_type=metrics.CONTENT_TYPE)

    async def index(_: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    # An id may hold a slash, and all of our parameters stand at the end.
    routes = [Route(o.path.replace("}", ":path}"), _endpoint(o, api), methods=[o.method]) for o in OPERATIONS]
    return Starlette(
        routes=[
            *routes,
            Route("/v1/openapi.json", openapi),
            Route("/metrics", scraped),
            Route("/", index),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
            Middleware(Guard, limits=limits),
            Middleware(GZipMiddleware, minimum_size=1_024, compresslevel=4),
        ],
        exception_handlers={Problem: of_problem, HTTPException: of_http, Exception: of_failure},
        lifespan=None if work is None else _during(work),
    )


def _during(work: Work) -> Callable[[App], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def working(_: App) -> AsyncIterator[None]:
        task = asyncio.create_task(work())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return working


def _endpoint(operation: Operation, api: Api) -> Endpoint:
    """Return what answers one operation: arguments from the request, the answer as JSON or as a stream."""
    handler = getattr(api, operation.name)

    async def answer(request: Request) -> Response:
        arguments = {
            parameter.name.lower().replace("-", "_"): value_of(
                parameter, _given(request, parameter), _convert
            )
            for parameter in operation.parameters
        }
        if operation.media_type == STREAM:
            return EventSourceResponse(handler(**arguments), ping=PING_S, send_timeout=SEND_S)
        if operation.body is not None:
            arguments["body"] = await _record(request, operation.body)
        return Response(msgspec.json.encode(await handler(**arguments)), media_type=JSON)

    return answer


def _given(request: Request, parameter: Any) -> str | None:
    if parameter.place == "path":
        return str(request.path_params[parameter.name])
    source = request.query_params if parameter.place == "query" else request.headers
    given = source.get(parameter.name)
    return None if given is None else str(given)


def _convert(given: str, kind: Any) -> Any:
    return msgspec.convert(given, kind, strict=False)


async def _record(request: Request, schema: str) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != JSON:
        raise Problem(415, f"the content type is {kind[:80] or 'missing'}, expected {JSON}")
    try:
        return decode(await request.body(), schema)
    except Rejected as rejected:
        raise Problem(422, rejected.detail, field=rejected.field, reason=rejected.reason) from None
