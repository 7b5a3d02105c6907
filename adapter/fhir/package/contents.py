"""What goes into the package: every definition whole, the examples, and the guide that lists them. 规范包内容。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON
from adapter.fhir.metadata import FHIR_VERSION
from adapter.fhir.package.issues import misnamed, said_twice
from adapter.fhir.package.snapshot import with_snapshot
from adapter.model.issues import AdapterError

#: Name in the registry of FHIR packages: the canonical host, turned around.
NAME = "example.pay-after-care"
TITLE = "Pay-after-care billing in mainland China 先诊疗后付费结算"
DESCRIPTION = (
    "What a hospital's settlement office says in FHIR R4 when stays are paid for after care: the stay and its lines, "
    "its payers in order, claims and answers, the bill, what the patient owes, and the papers around it."
)
_CHINA = [{"coding": [{"system": "urn:iso:std:iso:3166", "code": "CN"}]}]
_PUBLISHER = "Pay-after-care settlement adapter"


@dataclass(frozen=True, slots=True)
class Package:
    """A package ready to be written.

    Attributes:
        definitions: every artifact, in the order of its file names.
        examples: by file name; real outputs.
    """

    version: str
    released: date
    definitions: tuple[Resource, ...]
    examples: Mapping[str, Resource]


def package(
    written: Mapping[str, Resource],
    generated: Iterable[Resource],
    examples: Mapping[str, Resource],
    *,
    version: str,
    released: date,
) -> Package:
    """Put the package together.

    Args:
        written: the definitions of ``mappings/profiles`` by file name, profiles with differentials only.
        generated: definitions that come from tables.
        version, released: of the software, which is what changes them.

    Raises:
        AdapterError: FHIR-240 – FHIR-246, with every file that is wrong.
    """
    _check_names(written)
    profiles = {str(each["url"]): each for each in written.values() if each["resourceType"] == "StructureDefinition"}
    whole = [
        with_snapshot(each, profiles.get) if each["resourceType"] == "StructureDefinition" else each
        for each in (*written.values(), *generated)
    ]
    stamped = [_stamped(each, version, released) for each in sorted(whole, key=file_name)]
    _check_once(stamped)
    guide = _guide(stamped, examples, version, released)
    return Package(version, released, (*stamped, guide), dict(sorted(examples.items())))


def file_name(resource: Mapping[str, Any]) -> str:
    """``<type>-<id>.json``."""
    return f"{resource['resourceType']}-{resource['id']}.json"


def _check_names(written: Mapping[str, Resource]) -> None:
    wrong = [misnamed(name, file_name(each)) for name, each in written.items() if name != file_name(each)]
    if wrong:
        raise AdapterError(*wrong)


def _check_once(resources: Iterable[Resource]) -> None:
    seen: set[str] = set()
    for each in resources:
        for name in (str(each["url"]), file_name(each)):
            if name in seen:
                raise AdapterError(said_twice(file_name(each), name))
            seen.add(name)


def _stamped(resource: Resource, version: str, released: date) -> Resource:
    """An artifact with what all of them share, behind its url."""
    made: Resource = {}
    for key, value in resource.items():
        made[key] = value
        if key == "url":
            made["version"] = version
        if key == "status":
            made |= {"date": released.isoformat(), "publisher": _PUBLISHER}
        if key == "description":
            made["jurisdiction"] = _CHINA
    return {**made, "version": version}


def _guide(definitions: Iterable[Resource], examples: Mapping[str, Resource], version: str, released: date) -> Resource:
    listed = [
        {
            "reference": {"reference": f"{each['resourceType']}/{each['id']}"},
            "name": str(each.get("title", each["name"])),
            "exampleBoolean": False,
        }
        for each in definitions
    ]
    seen: set[str] = set()
    for name, each in sorted(examples.items()):
        if "id" not in each:  # a Bundle on the wire has none; it stands in the package all the same
            continue
        where = f"{each['resourceType']}/{each['id']}"
        profile = next(iter(each.get("meta", {}).get("profile", ())), None)
        if where not in seen and profile is not None:  # one person is an example of two profiles, by one id
            listed.append(
                {"reference": {"reference": where}, "name": name.removesuffix(".json"), "exampleCanonical": profile}
            )
        seen.add(where)
    return {
        "resourceType": "ImplementationGuide",
        "id": NAME,
        "url": f"{CANON}/ImplementationGuide/{NAME}",
        "version": version,
        "name": "PayAfterCare",
        "title": TITLE,
        "status": "active",
        "date": released.isoformat(),
        "publisher": _PUBLISHER,
        "description": DESCRIPTION,
        "jurisdiction": _CHINA,
        "packageId": NAME,
        "license": "Apache-2.0",
        "fhirVersion": [FHIR_VERSION],
        "definition": {"resource": listed},
    }
