"""Bundles, single resources, NDJSON and XML: gathered by stay, the newest version counts, nothing goes silently."""

from __future__ import annotations

import copy
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.fhir.canonical import encode
from adapter.intake.readers.fhir_bundle import stage_bundles
from tests.support.native import (
    META,
    SOURCE,
    Resource,
    bundle,
    charge,
    mapper,
    ndjson,
    put,
    read,
    resources,
    searchset,
    transaction,
    xml,
)

STAY = resources()


def newer(resource: Resource, version: str, at: str, **more: Any) -> Resource:
    return {**copy.deepcopy(resource), **more, "meta": {"versionId": version, "lastUpdated": at}}


def single(folder: Path) -> dict[str, bytes]:
    return {f"{number}.json": encode(each) for number, each in enumerate(STAY)}


WAYS = {
    "collection": {"a.json": bundle(*STAY)},
    "batch": {"a.json": bundle(*reversed(STAY), kind="batch")},
    "transaction": {"a.json": transaction(*STAY)},
    "searchset": {"a.json": searchset(*STAY)},
    "ndjson": {"a.ndjson": ndjson(*STAY)},
    "xml": {"a.xml": xml(*STAY)},
    "one file each": {f"{number}.json": encode(each) for number, each in enumerate(STAY)},
    "bundles in lines": {"a.ndjson": bundle(*STAY[:3]) + b"\n" + transaction(*STAY[3:]) + b"\n"},
    "charges before the stay": {"a.json": bundle(*STAY[3:]), "b.json": bundle(*STAY[:3])},
    "a bundle in a bundle": {"a.json": bundle({"resourceType": "Bundle", "type": "batch", "entry": [
        {"resource": each} for each in STAY]})},
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_sending_gives_the_same_stay(way: str, tmp_path: Path) -> None:
    seen = read(tmp_path, WAYS[way])
    assert seen.codes == [] and seen.found() == []
    assert seen.mapped["V1"].resources == read(tmp_path / "b", {"a.json": bundle(*STAY)}).mapped["V1"].resources
    assert len(seen.of("ChargeItem")) == 3


@pytest.mark.parametrize("write", [lambda each: {"a.json": bundle(*each)}, lambda each: {"a.xml": xml(*each)}])
@pytest.mark.parametrize("amount", ["1.10", "0.50", "20.0", "-0.00", "9999999999999999.99", "7"])
def test_amounts_keep_their_digits(write: Any, amount: str, tmp_path: Path) -> None:
    (line,) = read(tmp_path, write(resources(charge(1, amount)))).of("ChargeItem")
    assert str(line["priceOverride"]["value"]) == amount


def refused(folder: Path, *extra: Resource, **files: bytes) -> tuple[list[str], list[str]]:
    """Codes of reading, and of what holds the stay."""
    seen = read(
        folder, {"a.json": bundle(*STAY, *extra), **{name.replace("_", "."): each for name, each in files.items()}}
    )
    return seen.codes, [issue.code for issue in seen.mapped["V1"].issues if issue.stops]


def test_what_is_strange_is_named_and_holds_nobody(tmp_path: Path) -> None:
    strange = {"resourceType": "NutritionOrder", "id": "N1", "encounter": {"reference": "Encounter/E1"}}
    assert refused(tmp_path / "1", strange) == (["SRC-171"], [])
    assert refused(tmp_path / "2", {"resourceType": "Observation", "id": "O1"}) == (["SRC-177"], [])
    nameless = {name: value for name, value in charge(9).items() if name != "id"}
    assert refused(tmp_path / "3", nameless) == (["SRC-172"], [])
    lost = {name: value for name, value in charge(9).items() if name != "context"}
    assert refused(tmp_path / "4", lost) == (["SRC-173"], [])
    outpatient = {**copy.deepcopy(STAY[1]), "id": "E9", "class": {"code": "AMB"}, "identifier": []}
    assert refused(tmp_path / "5", outpatient) == (["SRC-176"], [])


@pytest.mark.parametrize(
    "line",
    [
        b'{"resourceType": "ChargeItem", "id": "C9", "id": "C8", "context": {"reference": "Encounter/E1"}}',
        b'{"resourceType": "ChargeItem", "quantity": {"value": NaN}, "context": {"reference": "Encounter/E1"}}',
        b'{"id": "C9", "context": {"reference": "https://fhir.tianhu.example/r4/Encounter/E1"}}',
        b'{"x": ' + b"[" * 80 + b"]" * 80 + b', "context": {"reference": "Encounter/E1"}}',
        b'{"context": {"reference": "Encounter/E1"}, "x": "' + b"y" * 1_100_000 + b'"}',
    ],
    ids=["a key twice", "no number", "no type", "too deep", "too large"],
)
def test_an_entry_that_cannot_be_read_holds_its_stay_and_no_other(line: bytes, tmp_path: Path) -> None:
    assert refused(tmp_path, b_ndjson=line + b"\n") == (["SRC-170"], ["SRC-170"])


@pytest.mark.parametrize(
    "content",
    [
        bundle(*STAY)[:-40],
        bundle(*STAY).replace(b'"id":"C1"', b'"id":"C1","id":"C1"').replace(b"Encounter/E1", b"urn:uuid:x"),
        b'{"resourceType": "Bundle", "entry": [}',
        b"",
    ],
    ids=["cut", "an entry that nobody can place", "malformed", "empty"],
)
def test_of_a_bundle_that_is_broken_nothing_is_taken(content: bytes, tmp_path: Path) -> None:
    seen = read(tmp_path, {"a.json": content})
    assert seen.codes == ["SRC-101"] and seen.stays == {}


def test_a_doctype_and_a_cut_xml_refuse_the_file(tmp_path: Path) -> None:
    doctype = xml(*STAY).replace(b"?>\n", b'?>\n<!DOCTYPE x [<!ENTITY e "y">]>\n', 1)
    assert read(tmp_path / "1", {"a.xml": doctype}).codes == ["SRC-102"]
    assert read(tmp_path / "2", {"a.xml": xml(*STAY)[:-30]}).codes == ["SRC-101"]


@pytest.mark.parametrize("limit", [{"rows": 3}, {"seconds": -1.0}, {"file_bytes": 9}])
def test_limits_refuse_the_file_as_a_whole(limit: dict[str, Any], tmp_path: Path) -> None:
    native = mapper().mapping.native
    assert native is not None
    shape = native.limited(replace(native.shape.limits, **limit)).shape
    with stage_bundles([put(tmp_path, {"a.json": bundle(*STAY)})], shape, SOURCE) as staged:
        assert [issue.code[:4] for issue in staged.issues] == ["SRC-"]
        assert list(staged.stays()) == [] and list(staged.messages()) == []


def test_deletions_and_changes_of_parts(tmp_path: Path) -> None:
    def request(method: str, url: str, **more: Any) -> bytes:
        entry = {"request": {"method": method, "url": url}, **more}
        return encode(
            {"resourceType": "Bundle", "type": "batch", "timestamp": "2021-04-01T00:00:00Z", "entry": [entry]}
        )

    assert refused(tmp_path / "1", b_json=request("DELETE", "ChargeItem/C1"))[0] == ["SRC-170"]
    assert refused(tmp_path / "2", b_json=request("PATCH", "ChargeItem/C1", resource=charge(1)))[0] == ["SRC-170"]
    assert refused(tmp_path / "3", b_json=request("DELETE", "Encounter/E1")) == ([], ["SRC-178"])
    assert refused(tmp_path / "4", b_json=request("DELETE", "Coverage/K1")) == ([], [])


def test_the_newest_version_counts_in_whatever_order_they_come(tmp_path: Path) -> None:
    first, second = charge(1, "20.00"), newer(charge(1, "30.00"), "2", "2021-03-10T08:00:00+08:00")
    third = newer(charge(1, "40.00"), "3", "2021-03-10T01:00:00Z")
    for number, order in enumerate(itertools.permutations((first, second, third))):
        files = {f"{place}.json": bundle(*resources(each)) for place, each in enumerate(order)}
        (line,) = read(tmp_path / str(number), files).of("ChargeItem")
        assert str(line["priceOverride"]["value"]) == "40.00"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_end_state_follows_from_the_set_of_versions(data: st.DataObject, tmp_path_factory: Any) -> None:
    """Late, doubled, in several files: the same stay."""
    versions = [
        newer(charge(n, f"{n * 10 + v}.00"), str(v), f"2021-03-1{v}T08:00:00+08:00") for n in (1, 2) for v in (1, 2, 3)
    ]
    sent = data.draw(st.permutations([*versions, *versions[:2], *STAY[:3]]))
    cut = data.draw(st.integers(1, len(sent) - 1))
    seen = read(tmp_path_factory.mktemp("p"), {"a.json": bundle(*sent[:cut]), "b.ndjson": ndjson(*sent[cut:])})
    assert sorted(str(each["priceOverride"]["value"]) for each in seen.of("ChargeItem")) == ["13.00", "23.00"]
    assert seen.found() == []


def test_two_contents_at_an_equal_key_hold_the_stay(tmp_path: Path) -> None:
    seen = read(tmp_path, {"a.json": bundle(*STAY), "b.json": bundle(charge(1, "21.00"))})
    assert seen.found() == ["SRC-174"]
    later = newer(charge(1, "21.00"), "2", "2021-03-10T08:00:00+08:00")
    decided = {"a.json": bundle(*STAY), "b.json": bundle(charge(1, "21.00")), "c.json": bundle(later)}
    assert read(tmp_path / "later", decided).found() == []
    same = {"a.json": bundle(*STAY), "b.json": searchset(*STAY), "c.ndjson": ndjson(*STAY)}
    assert read(tmp_path / "same", same).found() == []


def test_without_times_and_versions_the_last_that_arrived_counts(tmp_path: Path) -> None:
    plain = [{name: value for name, value in each.items() if name != "meta"} for each in resources(charge(1))]
    changed = {**charge(1, "25.00")}
    del changed["meta"]
    (line,) = read(tmp_path, {"a.json": bundle(*plain), "b.json": bundle(changed)}).of("ChargeItem")
    assert str(line["priceOverride"]["value"]) == "25.00"


def test_a_bundle_says_when_for_resources_that_do_not(tmp_path: Path) -> None:
    plain = {name: value for name, value in charge(1, "25.00").items() if name != "meta"}
    old = bundle(plain, timestamp="2021-03-01T00:00:00Z")
    (line,) = read(tmp_path, {"a.json": bundle(*resources(charge(1))), "b.json": old}).of("ChargeItem")
    assert str(line["priceOverride"]["value"]) == "20.00"


def test_a_charge_waits_for_its_stay_by_name(tmp_path: Path) -> None:
    seen = read(tmp_path, {"a.json": bundle(charge(1))})
    assert list(seen.stays) == ["Encounter/E1"]
    assert [issue.code for issue in seen.stays["Encounter/E1"].issues] == ["SRC-175"]


def test_business_identifiers_stand_for_ids(tmp_path: Path) -> None:
    """A server that assigns ids later: named by identifier, conditionally or logically."""
    stay = resources(charge(1))
    patient, encounter = stay[0], stay[1]
    for each in (patient, encounter):
        del each["id"]
    person, visit = patient["identifier"][0], encounter["identifier"][0]
    encounter["subject"] = {"reference": f"Patient?identifier={person['system']}|{person['value']}"}
    stay[2]["beneficiary"] = {"type": "Patient", "identifier": person}
    stay[3]["subject"] = {"type": "Patient", "identifier": person}
    stay[3]["context"] = {"reference": f"Encounter?identifier={visit['system']}|{visit['value']}"}
    seen = read(tmp_path, stay)
    assert seen.codes == [] and seen.found() == []
    assert len(seen.of("Patient")) == len(seen.of("ChargeItem")) == len(seen.of("Coverage")) == 1


def test_times_of_any_precision_are_compared_as_moments() -> None:
    from adapter.intake.readers.fhir_bundle.sent import Sent

    def rank(**meta: str) -> tuple[str, int, str, str]:
        return Sent("ChargeItem/C1", "C1", {"resourceType": "ChargeItem", "meta": meta}, {}, "a", 1, arrived="7").rank

    assert rank(lastUpdated="2021-03-09T08:00:00+08:00") == rank(lastUpdated="2021-03-09T00:00:00.000000Z")
    assert rank(versionId="9") < rank(versionId="10") < rank(versionId="1", lastUpdated=META["lastUpdated"])
    assert rank()[3] == "7" and rank(versionId="1")[3] == ""
