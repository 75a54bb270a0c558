"""Operations: the API as data, from which both the routes and the OpenAPI document are made."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from pipelines.page.problems import Problem
from topics.ids import Id

Handler = Callable[..., Awaitable[Any]]
Limit = Annotated[int, Meta(ge=1, le=100)]
Query = Annotated[str, Meta(max_length=128)]

STREAM = "text/event-stream"
JSON = "application/json"


class Parameter(Struct, frozen=True):
    """One value in the path, the query or a header; one with a default may be left out."""

    name: str
    place: Literal["path", "query", "header"]
    kind: Any  # a type that msgspec knows
    description: str
    default: Any = None
    required: bool = False


class Operation(Struct, frozen=True):
    """One method at one path: what it takes, what it answers, and what may go wrong.

    ``name`` is the handler's in `pipelines.page.api.Api`; path and query come as its arguments.
    """

    name: str
    method: Literal["GET", "POST"]
    path: str
    summary: str
    answer: Any
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None  # schema name of the record it takes
    media_type: str = JSON
    problems: tuple[int, ...] = ()

    @property
    def writes(self) -> bool:
        """Whether it changes the engine's state."""
        return self.method == "POST"


def required(name: str, place: Literal["path", "query", "header"], kind: Any, description: str) -> Parameter:
    """Return a parameter that must be given."""
    return Parameter(name, place, kind, description, required=True)


LISTENER = required("listener_id", "path", Id, "Whose.")
TRACK = required("track_id", "path", Id, "Which track.")
DECISION = required("decision_id", "path", Id, "Which decision.")
OF_LISTENER = Parameter("listener_id", "query", Id, "Of this listener only; left out: of all.")
QUERY = Parameter("query", "query", Query, "Words of title, artist, genre or id; all must occur.", "")
LIMIT = Parameter("limit", "query", Limit, "At most so many.", 20)
LAST_EVENT_ID = Parameter("Last-Event-ID", "header", Query, "Go on behind this event, as browsers do.")


def value_of(parameter: Parameter, given: str | None, convert: Callable[[str, Any], Any]) -> Any:
    """Return a parameter's value; raises `Problem` for one that does not fit its type."""
    if given is None:
        return parameter.default
    try:
        return convert(given, parameter.kind)
    except ValueError as error:
        raise Problem(
            422, f"{parameter.name} is {given[:80]!r}: {error}", field=parameter.name, reason="invalid"
        ) from None
