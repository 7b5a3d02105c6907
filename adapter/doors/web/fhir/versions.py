"""Which version of FHIR a request is answered in, and how a resource is said in it (版本).

The base tells: ``/fhir/r5`` is R5, all else under ``/fhir`` R4. Handlers know R4 only; what they answer on the R5 base
is said in R5 here, on its way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from adapter.fhir.outcome import operation_outcome
from adapter.fhir.package.hl7_china import of_hl7_china
from adapter.fhir.r5.convert import to_r5
from adapter.fhir.r5.issues import not_sound
from adapter.fhir.r5.losses import Loss
from adapter.fhir.r5.tables import SPOKEN
from adapter.fhir.schema.compiled import Version, fits
from adapter.model.issues import AdapterError
from adapter.settings import Settings

Json = dict[str, Any]

R5_BASE = "/fhir/r5"

#: Where a translated request keeps what was asked, pair by pair, for the links of its answer.
SAID = "adapter.said_in_r5"

#: Version numbers as content types carry them.
NUMBERS: Mapping[Version, str] = {"R4": "4.0", "R5": "5.0"}

#: Elements that the header names, at most.
_MOST_NAMED = 20


def version_of(request: Request) -> Version:
    """The version of the base that a request came to."""
    path = request.url.path
    return "R5" if path == R5_BASE or path.startswith(f"{R5_BASE}/") else "R4"


def for_hl7_china(request: Request) -> bool:
    """Whether the hospital shows its R5 base under HL7 China's identifier systems."""
    settings: Settings = request.app.state.settings
    return settings.r5_identifiers == "hl7-china"


def said(request: Request, resource: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """A resource in the version of the request, and the header that names what that version cannot say."""
    if version_of(request) == "R4" or resource.get("resourceType") not in SPOKEN:
        return resource, {}
    found, losses = to_r5(_sound(resource))
    if for_hl7_china(request):
        found = of_hl7_china(found)
    if "link" in found and found["resourceType"] == "Bundle":
        renamed: Mapping[tuple[str, str], tuple[str, str]] = request.scope.get(SAID, {})
        found["link"] = [{**each, "url": _with_r5_names(each["url"], renamed)} for each in found["link"]]
    return found, {"X-R5-Losses": _named(losses)} if losses else {}


def _sound(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    """A resource that can be said in R5; in a Bundle an OperationOutcome stands for each that cannot.

    Raises:
        AdapterError: FHIR-263, it is not sound R4.
    """
    if resource["resourceType"] == "Bundle":
        entries = resource.get("entry", ())
        said_of = [
            {**each, "resource": _or_outcome(each["resource"])} if "resource" in each else each for each in entries
        ]
        return {**resource, "entry": said_of} if said_of else resource
    if not _whole(resource):
        raise AdapterError(not_sound(_name(resource)))
    return resource


def _or_outcome(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return resource if _whole(resource) else operation_outcome([not_sound(_name(resource))])


def _whole(resource: Mapping[str, Any]) -> bool:
    """Whether it fits its type; one that is shown in part was looked at as a whole when it was written."""
    in_part = any(each.get("code") == "SUBSETTED" for each in resource.get("meta", {}).get("tag", ()))
    return in_part or resource["resourceType"] not in SPOKEN or fits(resource["resourceType"], resource)


def _name(resource: Mapping[str, Any]) -> str:
    return f"{resource['resourceType']}/{resource.get('id', '?')}"


def _with_r5_names(url: str, renamed: Mapping[tuple[str, str], tuple[str, str]]) -> str:
    address, mark, asked = url.partition("?")
    pairs = [renamed.get(pair, pair) for pair in parse_qsl(asked, keep_blank_values=True)]
    return f"{address}{mark}{urlencode(pairs)}" if mark else url


def _named(losses: Iterable[Loss]) -> str:
    """``Encounter.diagnosis.rank;carried`` for what an extension holds, ``;lost`` for what nothing does."""
    found = dict.fromkeys(f"{each.element};{'carried' if each.carried else 'lost'}" for each in losses)
    named = [*found][:_MOST_NAMED]
    return ", ".join([*named, "..."] if len(found) > len(named) else named)
