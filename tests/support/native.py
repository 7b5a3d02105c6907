"""Resources of a hospital that speaks FHIR, written on the spot, and the ways in which servers send them.

stay = resources()                      # one stay: patient, encounter, coverage, two charges and a refund
read(tmp_path, {"a.json": bundle(*stay)})
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from xml.sax.saxutils import quoteattr

from adapter.fhir.canonical import encode
from adapter.intake.mapping import MappedStay, Mapper, compile_mapping, load_mapping
from adapter.intake.readers.fhir_bundle import stage_bundles
from adapter.model.issues import Issue
from adapter.model.source import StayRecords
from tests.support.intake import FIXTURES, MAPPINGS

SOURCE = "tianhu_county"
BASE = "https://fhir.tianhu.example/r4"
EXPORT = FIXTURES / "his" / "fhir_r4" / SOURCE / "export"
META = {"versionId": "1", "lastUpdated": "2021-03-09T08:00:00+08:00"}

Resource = dict[str, Any]

_CS = "https://fhir.tianhu.example/cs"
_SID = "https://fhir.tianhu.example/sid"


def charge(number: int, amount: str = "20.00", quantity: Any = 1, **more: Any) -> Resource:
    """A fee line of the stay."""
    return {
        "resourceType": "ChargeItem",
        "id": f"C{number}",
        "meta": META,
        "status": "billable",
        "code": {"coding": [{"system": f"{_CS}/charge-item", "code": "T2101"}], "text": "血常规"},
        "subject": {"reference": "Patient/P1"},
        "context": {"reference": "Encounter/E1"},
        "occurrenceDateTime": "2021-03-06T08:00:00+08:00",
        "quantity": {"value": quantity},
        "priceOverride": {"value": Decimal(amount), "currency": "CNY"},
        **more,
    }


def resources(*charges: Resource) -> list[Resource]:
    """One stay; three charges, one of which undoes another, unless others are given."""
    undoing = charge(3, "-20.00", -1, partOf=[{"reference": "ChargeItem/C2"}])
    return [
        {
            "resourceType": "Patient",
            "id": "P1",
            "meta": META,
            "identifier": [{"system": f"{_SID}/person", "value": "K1"}],
            "name": [{"text": "测试某"}],
            "gender": "male",
            "birthDate": "1970-05-06",
        },
        {
            "resourceType": "Encounter",
            "id": "E1",
            "meta": META,
            "identifier": [{"system": f"{_SID}/visit", "value": "V1"}],
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "subject": {"reference": "Patient/P1"},
            "period": {"start": "2021-03-05T14:30:00+08:00", "end": "2021-03-08T10:05:00+08:00"},
        },
        {
            "resourceType": "Coverage",
            "id": "K1",
            "meta": META,
            "status": "active",
            "type": {"coding": [{"system": f"{_CS}/insurance-type", "code": "20"}]},
            "subscriberId": "T90000001",
            "beneficiary": {"reference": "Patient/P1"},
            "payor": [{"display": "医保"}],
        },
        *copy.deepcopy(list(charges) or [charge(1), charge(2), undoing]),
    ]


def bundle(*inside: Resource, kind: str = "collection", **more: Any) -> bytes:
    """A Bundle with relative references."""
    entries = [{"fullUrl": f"{BASE}/{each['resourceType']}/{each.get('id', 'x')}", "resource": each} for each in inside]
    return encode({"resourceType": "Bundle", "type": kind, **more, "entry": entries})


def transaction(*inside: Resource) -> bytes:
    """A transaction whose references are ``urn:uuid``."""
    names = {f"{each['resourceType']}/{each['id']}": f"urn:uuid:{uuid5(NAMESPACE_URL, each['id'])}" for each in inside}
    entries = [
        {
            "fullUrl": names[name],
            "resource": _referring(each, lambda said: names.get(said, said)),
            "request": {"method": "PUT", "url": name},
        }
        for name, each in zip(names, inside, strict=True)
    ]
    return encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def searchset(*inside: Resource) -> bytes:
    """The answer of the hospital's server, with absolute references."""
    return bundle(*(_referring(each, lambda said: f"{BASE}/{said}") for each in inside), kind="searchset")


def ndjson(*inside: Resource) -> bytes:
    return b"".join(encode(each) + b"\n" for each in inside)


def xml(*inside: Resource) -> bytes:
    """The same as FHIR XML."""
    entries = "".join(f"<entry><resource>{_xml(each)}</resource></entry>" for each in inside)
    text = f'<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>{entries}</Bundle>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


@dataclass(frozen=True)
class Seen:
    """What became of an export."""

    stays: Mapping[str, StayRecords]
    mapped: Mapping[str, MappedStay]
    issues: tuple[Issue, ...]

    @property
    def codes(self) -> list[str]:
        """Of reading."""
        return [issue.code for issue in self.issues]

    def found(self, stay: str = "V1") -> list[str]:
        """Codes of what was found about a stay."""
        return [issue.code for issue in self.mapped[stay].issues]

    def of(self, kind: str, stay: str = "V1") -> list[Resource]:
        return [each for each in self.mapped[stay].resources if each["resourceType"] == kind]


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def read(folder: Path, files: Mapping[str, bytes] | Sequence[Resource]) -> Seen:
    """Read and map an export; resources alone are sent as one Bundle."""
    written = files if isinstance(files, Mapping) else {"a.json": bundle(*files)}
    shape = mapper().mapping.native
    assert shape is not None
    with stage_bundles([put(folder, written)], shape.shape, SOURCE) as staged:
        stays = {stay.stay_key: stay for stay in staged.stays()}
        mapped = {key: mapper().map(stay) for key, stay in stays.items()}
        return Seen(stays, mapped, staged.issues)


@cache
def mapper() -> Mapper:
    return compile_mapping(load_mapping(MAPPINGS, SOURCE))


def _referring(node: Any, as_written: Any) -> Any:
    if isinstance(node, list):
        return [_referring(each, as_written) for each in node]
    if isinstance(node, dict):
        return {
            name: as_written(each) if name == "reference" else _referring(each, as_written)
            for name, each in node.items()
        }
    return node


def _xml(resource: Resource) -> str:
    inside = "".join(_element(name, each) for name, each in resource.items() if name != "resourceType")
    return f"<{resource['resourceType']}>{inside}</{resource['resourceType']}>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if not isinstance(value, dict):
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return f"<{name} value={quoteattr(text)}/>"
    if "resourceType" in value:
        return f"<{name}>{_xml(value)}</{name}>"
    url = f" url={quoteattr(value['url'])}" if name == "extension" else ""
    inside = "".join(_element(key, each) for key, each in value.items() if not (url and key == "url"))
    return f"<{name}{url}>{inside}</{name}>"
