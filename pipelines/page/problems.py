"""Problems: every error of the API is one JSON object as RFC 9457 has it, with the way out."""

from http import HTTPStatus

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class ProblemBody(Struct, frozen=True, omit_defaults=True):
    """What went wrong: ``title`` is the same for every such problem, ``detail`` is about this one."""

    title: str
    status: int
    detail: str
    field: str | None = None  # of the record, where one is to blame
    reason: str | None = None  # as on dead letters


class Problem(Exception):
    """Raised by handlers; becomes the answer."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        field: str = "",
        reason: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        title = HTTPStatus(status).phrase
        self.body = ProblemBody(title, status, detail, field or None, reason)
        self.headers = headers or {}

    def response(self) -> Response:
        """Return it as the answer to a request."""
        return Response(
            msgspec.json.encode(self.body), self.body.status, media_type=MEDIA_TYPE, headers=self.headers
        )


async def of_problem(_: Request, error: Exception) -> Response:
    """Answer with a problem that a handler raised."""
    assert isinstance(error, Problem)
    return error.response()


async def of_http(request: Request, error: Exception) -> Response:
    """Answer in the same form where no route, or no such method, was found."""
    assert isinstance(error, HTTPException)
    detail = {
        404: f"there is nothing at {request.url.path}; /v1/openapi.json lists what there is",
        405: f"{request.method} is not answered at {request.url.path}; see the header Allow",
    }.get(error.status_code, error.detail)
    return Problem(error.status_code, detail, headers=dict(error.headers or {})).response()


async def of_failure(_: Request, error: Exception) -> Response:
    """Answer where a handler failed: that is ours; the log has the traceback."""
    return Problem(500, f"the engine failed with {type(error).__name__}; its log says where").response()
