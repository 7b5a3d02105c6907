"""FHIR ⇄ platform: one table, read both ways; files that are wrong are refused with their line."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.canonical import decode
from adapter.model.issues import AdapterError
from adapter.model.messages import Stage
from adapter.model.money import Money
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoints.nhsa.compose import read_answer_back, read_back, wire_value
from adapter.payers.delivery.endpoints.nhsa.definitions import FieldType
from adapter.payers.delivery.endpoints.nhsa.envelope import read_answer
from adapter.payers.delivery.endpoints.nhsa.facts import line_serial
from adapter.payers.delivery.endpoints.nhsa.history import sent_input
from adapter.payers.delivery.endpoints.nhsa.load import load_definitions, load_fields, load_region, region_names
from adapter.payers.delivery.endpoints.nhsa.paths import path_of, read, write
from tests.support.nhsa import dialect, friendly, stay_facts, talk
from tests.support.office import ROOT, SOURCE, codes

MAPPINGS = ROOT / "mappings"
SPOKEN = dialect()


def told_back(number: str) -> list[dict[str, Any]]:
    """What a message of the stay says, read back to FHIR from the bytes that were stored."""
    with talk(friendly(stay_facts())) as said:
        said.settled()
    message = next(each.message for each in said.said if each.message.operation == number)
    return read_back(number, sent_input(message), SPOKEN.fields, SPOKEN.definitions, SOURCE)


def held(kind: str) -> list[Mapping[str, Any]]:
    return [each for each in stay_facts().resources if each["resourceType"] == kind]


def test_the_admission_says_what_the_encounter_says() -> None:
    found = {each["resourceType"]: each for each in told_back("2401")}
    own, patient = held("Encounter")[0], held("Patient")[0]
    assert found["Encounter"]["period"] == {"start": own["period"]["start"]}
    assert found["Encounter"]["identifier"][0]["value"] in {each["value"] for each in own["identifier"]}
    assert found["Patient"]["name"] == patient["name"]
    assert found["Patient"]["identifier"][0]["system"] == "urn:oid:2.16.156.10011.1.3"
    assert found["Condition"]["code"]["coding"][0]["code"] == stay_facts().claim.stay.principal_diagnosis


def test_every_line_comes_back_as_it_was_charged() -> None:
    back = told_back("2301")
    own = {each["id"]: each for each in held("ChargeItem")}
    lines = sorted(stay_facts().claim.lines, key=lambda line: line.reverses is not None)
    assert len(back) == len(lines)
    for line, found in zip(lines, back, strict=True):
        charge = own[line.id]
        assert found["occurrenceDateTime"] == charge["occurrenceDateTime"]
        assert found["quantity"]["value"] == charge["quantity"]["value"] == line.quantity
        assert Money.yuan(found["priceOverride"]["value"]) == line.amount
        coding = {each["system"].rpartition("/")[2]: each["code"] for each in found["code"]["coding"]}
        assert coding == {"item": line.code, "national-item": line.item.national_code if line.item else None}


def test_the_bill_comes_back_to_the_fen() -> None:
    total = Money.total(Money.yuan(each["priceOverride"]["value"]) for each in told_back("2301"))
    assert total == stay_facts().claim.total


def test_an_answer_about_the_person_is_patient_and_coverage() -> None:
    with talk(friendly(stay_facts())) as said:
        said.through(Stage.ELIGIBILITY)
    answer = read_answer(said.said[0].receipt.body, SPOKEN.definitions)
    found = read_answer_back("1101", answer.output, SPOKEN.fields, SPOKEN.definitions, SOURCE)
    kinds = {each["resourceType"]: each for each in found}
    assert kinds["Patient"]["gender"] == "female"
    assert kinds["Coverage"]["type"]["coding"][0]["code"] == "residents"
    assert kinds["Coverage"]["extension"][0]["valueCode"] == "999901"


def test_composing_again_from_what_was_read_back_gives_the_same_lines() -> None:
    """There and back and there: nothing that the table maps to FHIR is lost on the way."""
    facts = stay_facts()
    ordered = sorted(facts.claim.lines, key=lambda line: line.reverses is not None)
    back = {line.id: found for line, found in zip(ordered, told_back("2301"), strict=True)}
    resources = tuple(
        {**back[each["id"]], "id": each["id"]} if each.get("id") in back else each for each in facts.resources
    )
    sent = []
    for each in (facts, replace(facts, resources=resources)):
        answers = friendly(each)
        with talk(answers, facts=each) as said:
            said.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES)
        sent.append(answers.asked[-1]["input"])
    assert sent[0] == sent[1]


def test_departments_and_doctors_of_the_his_go_before_what_was_agreed() -> None:
    facts = stay_facts()
    doctor = {"identifier": {"value": "D7"}, "display": "测试主任"}
    ward, surgery = {"identifier": {"value": "B01"}, "display": "二病区"}, {"code": "A04", "display": "外科"}
    more = {
        "ChargeItem": {"performer": [{"actor": doctor}], "requestingOrganization": ward},
        "Encounter": {"participant": [{"individual": doctor}], "serviceType": {"coding": [surgery]}},
    }
    resources = tuple({**each, **more.get(each["resourceType"], {})} for each in facts.resources)
    answers = friendly(facts)
    with talk(answers, facts=replace(facts, resources=resources)) as said:
        said.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES)
    back = read_back("2301", answers.asked[-1]["input"], SPOKEN.fields, SPOKEN.definitions, SOURCE)[0]
    admission, row = answers.asked[-2]["input"]["mdtrtinfo"], answers.asked[-1]["input"]["feedetail"][0]
    assert (admission["atddr_no"], admission["chfpdr_name"], admission["adm_dept_codg"]) == ("D7", "测试主任", "A04")
    assert (admission["adm_dept_name"], row["bilg_dept_name"]) == ("外科", "二病区")
    assert (row["bilg_dr_codg"], row["bilg_dept_codg"]) == ("D7", "B01")
    assert back["performer"] == [{"actor": doctor}]
    assert back["requestingOrganization"] == ward
    del surgery["display"]
    with talk(answers, facts=replace(facts, resources=resources)) as said:
        said.through(Stage.ELIGIBILITY)
        with pytest.raises(AdapterError) as caught:  # never the agreed name beside the HIS's own code
            said.next(Stage.ADMIT)
    assert codes(caught.value) == ["DEL-544"]


def test_paths_read_and_write_alike() -> None:
    systems = {"one": "urn:one", "mine": "urn:{source}/x", "ext": "urn:ext"}
    resource: dict[str, Any]
    for steps in ("identifier[one].value", "identifier[mine].value", "a.b", "name[1].text"):
        path, resource = path_of(f"Patient.{steps}", systems), {}
        assert read(resource, path, "s") is None
        write(resource, path, "v", "s")
        assert read(resource, path, "s") == "v"
        write(resource, path, "w", "s")
        assert read(resource, path, "s") == "w"
    resource = {}
    write(resource, path_of("X.extension[ext].valueMoney.value", systems), 1, "s")
    assert resource == {"extension": [{"url": "urn:ext", "valueMoney": {"value": 1}}]}
    for wrong in ("Patient.identifier[two].value", "Patient.[0]", "Patient.a b"):
        with pytest.raises(ValueError, match=r"path|system"):
            path_of(wrong, systems)


def test_values_keep_to_their_fields() -> None:
    fields = SPOKEN.definitions.transactions["2301"].input["feedetail"].fields
    assert str(wire_value(fields["det_item_fee_sumamt"], Money(1230))) == "12.30"
    assert str(wire_value(fields["cnt"], "2")) == "2"
    assert wire_value(fields["fee_ocur_time"], "2021-05-10T02:00:00Z") == "2021-05-10 10:00:00"
    with pytest.raises(ValueError, match="fen"):
        wire_value(fields["det_item_fee_sumamt"], "1.005")


def test_a_serial_in_the_message_is_the_serial_of_the_line() -> None:
    with talk(friendly(stay_facts())) as said:
        said.through(Stage.ELIGIBILITY, Stage.ADMIT, Stage.CHARGES)
    rows = decode(said.said[-1].message.composed)["input"]["feedetail"]
    assert {row["feedetl_sn"] for row in rows} == {line_serial(x, "digits15") for x in stay_facts().claim.lines}


# -- the files ---------------------------------------------------------------------------------------------------------


def test_every_region_loads_and_test_regions_say_so() -> None:
    assert {"national", "test_inland", "test_coastal"} <= set(region_names(MAPPINGS))
    for name in region_names(MAPPINGS):
        region = load_region(MAPPINGS, name, SPOKEN.definitions)
        first = (MAPPINGS / "nhsa" / name / "region.yaml").read_text("utf-8").splitlines()[0]
        assert region.test_profile is name.startswith("test_")
        assert ("TEST PROFILE" in first) is region.test_profile


def test_the_two_test_regions_differ_in_what_regions_differ_in() -> None:
    inland, coastal = dialect("test_inland").region, dialect("test_coastal").region
    for name in (
        *("address", "sign_in", "signing", "recer_sys_code", "infver", "lines_per_call", "bytes_per_call"),
        *("line_serial", "med_type", "account_inside_fund", "funds", "success_words", "refusals", "unclear"),
        *("reversible", "discharge_before", "lines_by_visit", "person_fields", "cumulative"),
        *("statement", "longest_delay"),
    ):
        assert getattr(inland, name) != getattr(coastal, name), name


@pytest.mark.parametrize(
    ("fund", "payer"),
    [
        ("390100", Payer.BASIC),
        ("310101", Payer.BASIC),
        ("310201", "account"),
        ("390500", "account"),
        ("390200", Payer.CRITICAL_ILLNESS),
        ("610102", Payer.MEDICAL_AID),
        ("630100", Payer.HOSPITAL),
        ("640100", None),
        ("999109", None),
    ],
)
def test_funds_of_the_national_set(fund: str, payer: Any) -> None:
    assert dialect("national").region.payer_of(fund) == payer


def test_every_definition_says_what_a_repeat_does() -> None:
    found = SPOKEN.definitions.transactions
    assert {number for number, each in found.items() if each.kind == "effect"} == {
        *("2401", "2402", "2404", "2405", "2301", "2304", "2305", "2601", "4101"),
    }
    for each in found.values():
        assert set(each.lookup) <= set(found)
        types = {field.type for node in each.input.values() for field in node.fields.values()}
        assert types <= set(FieldType)


BAD = {
    "unknown key": ("test_inland/region.yaml", "sign_in: no", "sing_in: no"),
    "not a flag": ("test_inland/region.yaml", "sign_in: no", "sign_in: perhaps"),
    "not a number": ("test_coastal/region.yaml", "lines_per_call: 20", "lines_per_call: many"),
    "unknown payer": ("test_inland/region.yaml", '"6201": commercial', '"6201": somebody'),
    "key twice": ("test_inland/region.yaml", "sign_in: no", "sign_in: no\nsign_in: yes"),
    "unknown transaction": ("test_coastal/region.yaml", 'reversible: ["2304"', 'reversible: ["9999"'),
    "unknown field": ("national/fhir.yaml", "opter_no: {hospital: opter}", "opter_na: {hospital: opter}"),
    "unknown function": ("national/fhir.yaml", "{fact: total}", "{fact: grand-total}"),
    "unknown system": ("national/fhir.yaml", "identifier[id-card]", "identifier[id-crad]"),
    "unknown code map": ("national/fhir.yaml", "codes: discharge", "codes: dsicharge"),
    "mandatory field left out": ("national/fhir.yaml", "      ip: {hospital: ip}\n", ""),
    "no source": ("national/fhir.yaml", "ip: {hospital: ip}", "ip: {when: sign_in}"),
    "unknown kind": ("national/transactions.yaml", "kind: effect", "kind: perhaps"),
    "no yaml": ("national/codes.yaml", "tables:", "tables: ]"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_with_its_line(case: str, tmp_path: Path) -> None:
    file, good, bad = BAD[case]
    shutil.copytree(MAPPINGS / "nhsa", tmp_path / "nhsa")
    text = (tmp_path / "nhsa" / file).read_text("utf-8")
    assert good in text
    (tmp_path / "nhsa" / file).write_text(text.replace(good, bad, 1), encoding="utf-8")
    folder, _, name = file.partition("/")
    with pytest.raises(AdapterError) as caught:
        if name == "region.yaml":
            load_region(tmp_path, folder, SPOKEN.definitions)
        elif name == "fhir.yaml":
            load_fields(tmp_path, SPOKEN.definitions)
        else:
            load_definitions(tmp_path)
    assert codes(caught.value)[0] in ("MAP-101", "MAP-102")
    assert caught.value.issues[0].pointer.startswith(f"nhsa/{file}:")


def test_a_region_that_is_not_there_is_named() -> None:
    with pytest.raises(AdapterError) as caught:
        load_region(MAPPINGS, "atlantis", SPOKEN.definitions)
    assert codes(caught.value) == ["CFG-730"]
