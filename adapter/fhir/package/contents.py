"""What goes into the package: every definition whole, the examples, and the guide that lists them. 规范包内容。"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from adapter.fhir.elements import Resource
from adapter.fhir.identity import CANON
from adapter.fhir.package.derived import of_r5
from adapter.fhir.package.issues import misnamed, said_twice
from adapter.fhir.package.snapshot import with_snapshot
from adapter.fhir.package.variants import R4, Variant
from adapter.model.issues import AdapterError

_DESCRIPTION = (
    "What a hospital's settlement office says in FHIR {release} when stays are paid for after care: the stay and its "
    "lines, its payers in order, claims and answers, the bill, what the patient owes, and the papers around it."
)
_CHINA = [{"coding": [{"system": "urn:iso:std:iso:3166", "code": "CN"}]}]
_PUBLISHER = "Pay-after-care settlement adapter"


@dataclass(frozen=True, slots=True)
class Package:
    """A package ready to be written.

    Attributes:
        definitions: every artifact, in the order of its file names.
        examples: by file name; real outputs.
        variant: which of our packages it is.
    """

    version: str
    released: date
    definitions: tuple[Resource, ...]
    examples: Mapping[str, Resource]
    variant: Variant = R4

    @property
    def description(self) -> str:
        """What the package is for, in English."""
        return _DESCRIPTION.format(release=self.variant.release)


def package(
    written: Mapping[str, Resource],
    generated: Iterable[Resource],
    examples: Mapping[str, Resource],
    *,
    version: str,
    released: date,
    variant: Variant = R4,
    native: Mapping[str, Resource] | None = None,
) -> Package:
    """Put the package together.

    Args:
        written: the definitions of ``mappings/profiles`` by file name, for R4, profiles with differentials only.
        generated: definitions that come from tables, for R4.
        examples: in the variant's version of FHIR.
        version, released: of the software, which is what changes them.
        native: definitions that are of this variant alone, by file name, and written for it.

    Raises:
        AdapterError: FHIR-240 – FHIR-246, with every file that is wrong.
    """
    own = native or {}
    _check_names({**written, **own})
    shared: list[Resource] = [*written.values(), *generated]
    known = [*(shared if variant is R4 else of_r5(shared)), *own.values()]
    profiles = {str(each["url"]): each for each in known if each["resourceType"] == "StructureDefinition"}
    whole = [
        with_snapshot(each, profiles.get, variant.bases) if each["resourceType"] == "StructureDefinition" else each
        for each in known
    ]
    stamped = [_stamped(each, version, released) for each in sorted(whole, key=file_name)]
    _check_once(stamped)
    made = Package(version, released, tuple(stamped), dict(sorted(examples.items())), variant)
    return replace(made, definitions=(*stamped, _guide(made)))


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


def _guide(made: Package) -> Resource:
    """The guide that lists the definitions and the examples of a package."""
    old = made.variant.release == "R4"
    listed = [
        {
            "reference": {"reference": f"{each['resourceType']}/{each['id']}"},
            "name": str(each.get("title", each["name"])),
            ("exampleBoolean" if old else "isExample"): False,
        }
        for each in made.definitions
    ]
    seen: set[str] = set()
    for name, each in made.examples.items():
        if "id" not in each:  # a Bundle on the wire has none; it stands in the package all the same
            continue
        where = f"{each['resourceType']}/{each['id']}"
        profile = next(iter(each.get("meta", {}).get("profile", ())), None)
        if where not in seen and profile is not None:  # one person is an example of two profiles, by one id
            told = {"exampleCanonical": profile} if old else {"isExample": True, "profile": [profile]}
            listed.append({"reference": {"reference": where}, "name": name.removesuffix(".json"), **told})
        seen.add(where)
    return {
        "resourceType": "ImplementationGuide",
        "id": made.variant.name,
        "url": f"{CANON}/ImplementationGuide/{made.variant.name}",
        "version": made.version,
        "name": "PayAfterCare",
        "title": made.variant.title,
        "status": "active",
        "date": made.released.isoformat(),
        "publisher": _PUBLISHER,
        "description": made.description,
        "jurisdiction": _CHINA,
        "packageId": made.variant.name,
        "license": "Apache-2.0",
        "fhirVersion": [made.variant.fhir_version],
        "definition": {"resource": listed},
    }
