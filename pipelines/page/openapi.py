"""OpenAPI: the document that says what the API takes and answers, made of the operations and the records."""

from importlib.metadata import version
from typing import Any

import msgspec

from pipelines.page.operations import JSON, STREAM, Operation
from pipelines.page.problems import MEDIA_TYPE, ProblemBody
from topics.codec import SCHEMAS
from topics.schemas import prose

PROBLEMS = {
    401: "No bearer token, or not the one that was set",
    403: "Writing without a token is for loopback only",
    404: "Not found",
    408: "The body did not come in time",
    409: "Well formed, but too late or from the future",
    413: "The body is too large",
    415: "The body is not application/json",
    422: "Something given does not fit; the detail says what, and what was expected",
    503: "Not ready, or too busy: try again",
    504: "Over Kafka: taken, but no worker has answered in time; the scores will come",
}
WRITING = (401, 403, 408, 409, 413, 415, 422, 503, 504)


def document(operations: tuple[Operation, ...], *, token: bool) -> dict[str, Any]:
    """Return the document; with ``token`` writing needs one."""
    kinds: list[Any] = [ProblemBody]
    for operation in operations:
        kinds += [operation.answer, *[p.kind for p in operation.parameters]]
        if operation.body is not None:
            kinds.append(SCHEMAS[operation.body])
    schemas, components = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    for component in components.values():
        if "description" in component:
            component["description"] = prose(component["description"])
    schema_of = {id(kind): schema for kind, schema in zip(kinds, schemas, strict=True)}
    paths: dict[str, Any] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(
            operation, schema_of, token=token
        )
    security = {"bearer": {"type": "http", "scheme": "bearer"}} if token else {}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "segue",
            "version": version("segue"),
            "description": "What to play next: plays and requests in, scores out. Errors: RFC 9457.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": security},
    }


def _described(operation: Operation, schema_of: dict[int, Any], *, token: bool) -> dict[str, Any]:
    content = {"schema": schema_of[id(operation.answer)]} if operation.media_type == JSON else {}
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            {
                "name": parameter.name,
                "in": parameter.place,
                "required": parameter.required,
                "description": parameter.description,
                "schema": schema_of[id(parameter.kind)]
                | ({} if parameter.default is None else {"default": parameter.default}),
            }
            for parameter in operation.parameters
        ],
        "responses": {"200": {"description": operation.summary, "content": {operation.media_type: content}}},
    }
    if operation.media_type == STREAM:
        described["x-event-data"] = schema_of[id(operation.answer)]
    if operation.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": schema_of[id(SCHEMAS[operation.body])]}},
        }
    if operation.writes and token:
        described["security"] = [{"bearer": []}]
    statuses = {*operation.problems, *(WRITING if operation.writes else ())}
    if operation.parameters:
        statuses |= {404, 422}
    problem = {MEDIA_TYPE: {"schema": schema_of_problem()}}
    for status in sorted(statuses):
        described["responses"][str(status)] = {"description": PROBLEMS[status], "content": problem}
    return described


def schema_of_problem() -> dict[str, str]:
    """Return the reference to the schema of problems."""
    return {"$ref": "#/components/schemas/ProblemBody"}
