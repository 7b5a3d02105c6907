"""What routes ask for: the service's parts, who acts and why, and a JSON body read without floats."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Header, Path, Query, Request
from pydantic import BaseModel, ValidationError

from adapter.cases.tools import Act, Tools
from adapter.doors.web.errors import wrong_fields
from adapter.doors.web.metrics import Metrics
from adapter.doors.web.worker import Worker
from adapter.fhir.canonical import decode
from adapter.model.case import Actor
from adapter.model.issues import AdapterError
from adapter.model.listening import Standing
from adapter.settings import Settings

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a running service.

    Attributes:
        standing: how each listener beside it is.
    """

    settings: Settings
    tools: Tools
    worker: Worker
    metrics: Metrics
    standing: Callable[[], Sequence[Standing]]


def running(request: Request) -> Service:
    """The service that this request came to."""
    service: Service = request.app.state.service
    return service


def actor_of(
    request: Request,
    x_actor: Annotated[
        str | None,
        Header(
            pattern=r"^[A-Za-z0-9._@-]{1,64}$",
            description="Who acts, by staff number or login, never by name. Written into the journal.",
            examples=["cashier-07"],
        ),
    ] = None,
) -> Actor:
    """Who acts, as the calling system says; else the service's own name of the settings."""
    settings: Settings = request.app.state.settings
    return Actor(x_actor or settings.actor, "api")


ServiceNow = Annotated[Service, Depends(running)]
ActorNow = Annotated[Actor, Depends(actor_of)]
Why = Annotated[
    str | None,
    Query(
        alias="reason",
        max_length=300,
        pattern=r"^[^\x00]*$",  # which PostgreSQL keeps in no text
        description="Why; written into the journal. No personal data.",
    ),
]
#: Plain digits only: `\d` would let others through, which no date is made of.
Month = Annotated[str, Path(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$", description="YYYY-MM.", examples=["2021-03"])]


def act(service: Service, actor: Actor, reason: str | None, otherwise: str) -> Act:
    """An act of now."""
    return service.tools.act(actor, reason if reason and reason.strip() else otherwise)


def body(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """A dependency that reads the JSON body: numbers with a point become Decimal, an empty body is ``{}``.

    Raises:
        AdapterError: FHIR-101 and -102 for text that is no JSON, API-803 for each field that is wrong.
    """

    async def read(request: Request) -> M:
        raw = await request.body()
        try:
            return model.model_validate(decode(raw) if raw.strip() else {})
        except ValidationError as error:
            raise AdapterError(*wrong_fields(error.errors(include_input=False), "body")) from None

    return read


def documented(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The OpenAPI part for a body that ``body`` reads."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    content = {"application/json": {"schema": schema}}
    return {"requestBody": {"required": required, "content": content}}
