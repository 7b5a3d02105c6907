"""The OpenAPI document: what the routes say of themselves, and what stands around every one of them (接口描述).

A route documents what it decides. What the token, the framework and the middlewares (`wire`, `repeated`) answer in its
place is the same everywhere and is added here, so that whoever builds a client from the document knows every answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from adapter.doors.web.fhir.described import example_of, parameters_of
from adapter.doors.web.fhir.reading import CONTENT
from adapter.doors.web.repeated import takes_key

Json = dict[str, Any]

_PROBLEM: Json = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

#: The framework's own form of a refusal, which no address gives.
_NOT_OURS = ("HTTPValidationError", "ValidationError")

_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
    "description": "The same request under the same key is done once and answered alike.",
}


class Described(FastAPI):
    """A service whose OpenAPI document names every answer."""

    def openapi(self) -> Json:
        """The document; made once."""
        if self.openapi_schema is None:
            self.openapi_schema = completed(super().openapi())
        return self.openapi_schema


def completed(document: Json) -> Json:
    """The document with what stands around every route; changed in place."""
    schemas: Json = document["components"]["schemas"]
    for path, method, operation in _operations(document):
        _lift_definitions(operation, schemas)
        if _is_fhir(path):
            _add_controls(path, method, operation)
        _add_refusals(path, method, operation)
    for name in _NOT_OURS:
        schemas.pop(name, None)
    return document


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _lift_definitions(operation: Json, schemas: Json) -> None:
    """Models that a body is made of become schemas of the document, where its references look for them."""
    for each in operation.get("requestBody", {}).get("content", {}).values():
        for name, found in each["schema"].pop("$defs", {}).items():
            assert schemas.setdefault(name, found) == found, f"two models are called {name}"


def _is_fhir(path: str) -> bool:
    return path == "/fhir" or path.startswith("/fhir/")


def _add_controls(path: str, method: str, operation: Json) -> None:
    """What FHIR lets every request of this kind say, and the refusal of what is said wrong."""
    if (example := example_of(path, method)) is not None:
        operation["requestBody"]["content"]["application/fhir+json"]["example"] = example
    named: list[Json] = operation.setdefault("parameters", [])
    known = {(each["in"], each["name"].lower()) for each in named}
    more = [each for each in parameters_of(path, method) if (each["in"], each["name"].lower()) not in known]
    named += more
    _say(operation["responses"], 406, "No format, or no version of FHIR, that is taken can be given.", CONTENT)
    if any(each["name"] in ("_summary", "_count") for each in more):
        _say(operation["responses"], 400, "A parameter is wrong; nothing was looked for.", CONTENT)
    if any(each["name"] == "If-None-Match" for each in more):
        operation["responses"].setdefault("304", {"description": "Not modified"})


def _add_refusals(path: str, method: str, operation: Json) -> None:
    said: Json = operation["responses"]
    refusal = CONTENT if _is_fhir(path) else _PROBLEM
    if "HTTPValidationError" in str(said.get("422")):
        del said["422"]
        _say(said, 422, "The request is wrong; nothing was done.", refusal)
    if "security" in operation:
        said.pop("401", None)
        _say(said, 401, "No token, or a wrong one.", refusal)
        _say(said, 503, "The store is busy; try again.", refusal)
    if "{" in path:
        _say(said, 404, "There is nothing at this address.", refusal)
    if "requestBody" in operation:
        _say(said, 413, "The body is too large.", refusal)
    if method == "post" and takes_key(path):
        operation.setdefault("parameters", []).append(_KEY)
        _say(said, 409, "The first request under this key is not answered yet.", refusal)
        _say(said, 422, "The request is wrong, or its key belongs to another one; nothing was done.", refusal)
    operation["responses"] = dict(sorted(said.items()))


def _say(said: Json, status: int, description: str, content: Json) -> None:
    said.setdefault(str(status), {"description": description, "content": content})
