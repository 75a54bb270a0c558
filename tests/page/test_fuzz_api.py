"""The API against its own OpenAPI document: whatever is sent, what comes back is what the document says."""

from collections.abc import Callable
from functools import cache
from typing import Any

import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis import Case
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from pipelines.page.api import OPERATIONS
from pipelines.page.guard import Limits
from pipelines.page.openapi import document
from tests.page.conftest import make_town, standing
from topics.ids import ID_BYTES_MAX

TOKEN = "let me in"


@cache
def open_app() -> Starlette:
    return standing(make_town())


@cache
def closed_app() -> Starlette:
    return standing(make_town(), Limits(token=TOKEN))


def schema_of(app: Callable[[], Starlette], *, token: bool) -> Any:
    """The document's operations, called on an app that is made when the first case comes."""

    async def made_late(scope: Scope, receive: Receive, send: Send) -> None:
        await app()(scope, receive, send)

    schema = schemathesis.openapi.from_dict(document(OPERATIONS, token=token))
    schema.app = made_late
    refusals = schema.config.checks.negative_data_rejection.expected_statuses
    schema.config.checks.negative_data_rejection.expected_statuses = [*refusals, "413"]  # large and wrong
    return schema


# Streams have no end, so they are tested one by one (test_streams.py).
open_schema = schema_of(open_app, token=False).exclude(path=["/v1/scores", "/v1/overview/stream"])
closed_schema = schema_of(closed_app, token=True).include(method="POST")
fuzzed = settings(suppress_health_check=list(HealthCheck))


def sayable(value: Any) -> bool:
    """Whether JSON Schema says the same of it as the records do.

    Ids are bounded in bytes, which it cannot say, and to it 1.0 is an integer, which we refuse.
    """
    if isinstance(value, dict):
        return all(sayable(part) for part in value.values())
    if isinstance(value, list):
        return all(sayable(part) for part in value)
    if isinstance(value, float):
        return not value.is_integer()
    return not isinstance(value, str) or len(value.encode("utf-8", "replace")) <= ID_BYTES_MAX


@open_schema.parametrize()  # type: ignore[untyped-decorator]
@fuzzed
def test_the_api_answers_as_its_document_says(case: Case[Any]) -> None:
    """All checks: status, content type, schema, no failure, bad data refused, good data taken."""
    assume(sayable(case.body))
    case.call_and_validate()


@closed_schema.parametrize()  # type: ignore[untyped-decorator]
@fuzzed
def test_with_a_token_nobody_writes_without_it(case: Case[Any]) -> None:
    """The check for ignored authentication sends none and a wrong one, and must be refused."""
    assume(sayable(case.body))
    case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})
