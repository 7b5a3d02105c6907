"""A seed made from a hospital's export: persons, hospital and items are the hospital's, the rules another's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapter.counterparts.aid_xml.seed import load_seed as load_service
from adapter.counterparts.nhsa.seed import load_seed as load_platform
from adapter.counterparts.seed import SeedError, load_seed
from adapter.counterparts.seeding import ROLES, write_seed
from tests.support.office import ROOT

ENDPOINTS = ROOT / "fixtures" / "endpoints"
LIKE = {role: ENDPOINTS / f"{role}.yaml" for role in ROLES} | {"nhsa-bureau": ENDPOINTS / "nhsa" / "seed.yaml"}
SOURCE, HOSPITAL = "yunxi_county", "H99990200001"
REFERENCE = ROOT / "fixtures" / "reference" / SOURCE


@pytest.fixture
def converted(tmp_path: Path) -> Path:
    """Two persons as the export's FHIR names them: one on the register, one without an ID card."""
    folder = tmp_path / "fhir"
    folder.mkdir()
    rows = {"Patient": [_patient("501", "999999197005060011"), _patient("502", "")]}
    rows["Coverage"] = [_coverage("501", "T20000001"), _coverage("502", "T20000002")]
    for name, resources in rows.items():
        lines = [
            json.dumps(each, ensure_ascii=False) for each in [*resources, resources[0]]
        ]  # a stay each, not a person
        (folder / f"{name}.ndjson").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def _patient(key: str, id_card: str) -> dict[str, Any]:
    numbers = [{"system": f"https://pay-after-care.example/fhir/sid/{SOURCE}/patient", "value": key}]
    numbers += [{"system": "urn:oid:2.16.156.10011.1.3", "value": id_card}] if id_card else []
    told = {"resourceType": "Patient", "id": f"p{key}", "identifier": numbers, "name": [{"text": f"测试{key}"}]}
    return {**told, "gender": "female", "birthDate": "1970-05-06"}


def _coverage(key: str, subscriber: str) -> dict[str, Any]:
    told = {"resourceType": "Coverage", "subscriberId": subscriber, "beneficiary": {"reference": f"Patient/p{key}"}}
    return {**told, "extension": [{"url": "insured-area", "valueCode": "999902"}]}


def written(role: str, converted: Path) -> Path:
    out = converted / "made" / f"{role}.yaml"
    number = write_seed(role, like=LIKE[role], converted=converted, reference=REFERENCE, source=SOURCE, out=out)
    assert number == 2
    return out


def test_a_bureau_of_the_platform_knows_who_has_an_id_card(converted: Path) -> None:
    seed = load_platform(written("nhsa-bureau", converted))
    assert list(seed.hospitals) == [HOSPITAL]
    assert seed.hospitals[HOSPITAL].items.samefile(REFERENCE / "items.csv")
    assert seed.plans == load_platform(LIKE["nhsa-bureau"]).plans
    (person,) = seed.persons.values()
    assert (person.name, person.certno, person.gend, person.insutype) == ("测试501", "999999197005060011", "2", "390")
    assert [one.code for one in person.identities] == ["2302"]


def test_a_bureau_and_an_aid_office_know_everybody_by_number(converted: Path) -> None:
    bureau, aid = (load_seed(written(role, converted)) for role in ("bureau", "aid"))
    assert list(bureau.persons) == list(aid.persons) == ["T20000001", "T20000002"]
    assert list(bureau.items) == [HOSPITAL]
    assert bureau.items[HOSPITAL].samefile(REFERENCE / "items.csv")
    assert bureau.responsibilities == load_seed(LIKE["bureau"]).responsibilities


def test_an_aid_service_aids_who_is_on_the_register(converted: Path) -> None:
    seed = load_service(written("aid-xml", converted))
    (known,) = seed.persons.values()
    assert (known.name, known.category, known.domicile) == ("测试501", "02", "999902")
    assert seed.ratios["999902"]["02"] == "0.70"


@pytest.mark.parametrize("missing", ["Patient.ndjson", "Coverage.ndjson"])
def test_what_is_not_there_is_named(missing: str, converted: Path) -> None:
    (converted / missing).unlink()
    with pytest.raises(SeedError, match=missing):
        written("bureau", converted)
