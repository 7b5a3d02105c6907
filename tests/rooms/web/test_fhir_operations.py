"""A stay settled by FHIR operations alone, JSON and XML; every answer is held against its OperationDefinition."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from lxml import etree

from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode, encode
from adapter.fhir.identity import CANON
from adapter.fhir.metadata import STAY_OPERATIONS
from adapter.fhir.validation import validate
from adapter.fhir.xml_in import resource_of
from adapter.fhir.xml_out import xml_of
from adapter.model.messages import Stage
from adapter.rules.settlement.explain import STEPS
from adapter.settings import Settings
from adapter.wiring import open_tools
from bench.synthetic.story import write_export
from tests.support import native
from tests.support.office import case_id, story
from tests.support.payers import Payers, fake_payers
from tests.support.service import EXPORT, ROOT, Running, serving, settings_for

Json = dict[str, Any]

STAY, ON_WARD = "300010002", "300010008"
BY_HAND = yaml.safe_load((EXPORT.parent / "expected_by_hand.yaml").read_text("utf-8"))[STAY]
DEFINITIONS = ROOT / "mappings" / "profiles"
FORMATS = ["application/fhir+json", "application/fhir+xml"]
JSON, XML = FORMATS


@dataclass
class Hospital:
    """The service and its payers; ``speaks`` is the format of what it is sent and asked for."""

    service: Running
    payers: Payers
    speaks: str = JSON

    def encounter(self, stay: str) -> str:
        with self.service.app.state.service.tools.ledger.reading() as tx:
            return str(tx.resources_of_case(case_id(stay), ("Encounter",))[0].id)

    def call(
        self, operation: str, stay: str = STAY, headers: dict[str, str] | None = None, **given: Any
    ) -> httpx.Response:
        """One operation; ``mode_Code="trial"`` becomes a parameter ``mode`` with a valueCode."""
        listed = [{"name": key.partition("_")[0], f"value{key.partition('_')[2]}": it} for key, it in given.items()]
        body: Json = {"resourceType": "Parameters", **({"parameter": listed} if listed else {})}
        headers = {"Content-Type": self.speaks, "Accept": self.speaks, "X-Actor": "cashier-07", **(headers or {})}
        place = f"/fhir/Encounter/{self.encounter(stay)}/${operation}"
        content = xml_of(body) if self.speaks == XML else encode(body)
        return self.service.http.post(place, content=content, headers=headers)

    def acts(self, stay: str = STAY) -> set[tuple[str, str]]:
        with self.service.app.state.service.tools.ledger.reading() as tx:
            return {(line.event.actor.id, line.event.reason) for line in tx.journal(case_id(stay))}


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder = tmp_path_factory.mktemp("operations")
    write_export(story(STAY, ON_WARD), folder / "export")
    found: list[Payers] = []

    @contextmanager
    def with_fake_payers(settings: Settings, **more: Any) -> Iterator[Tools]:
        with open_tools(settings, **more) as tools:
            payers = fake_payers(tools.clock)  # type: ignore[arg-type]
            found.append(payers)
            yield replace(tools, endpoints=payers.endpoints)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapter.doors.web.app.open_tools", with_fake_payers)
        with serving(settings_for(folder, retry_first_seconds=0.1)) as running:
            taken = running.take_in(folder / "export")
            assert [stay["fate"] for stay in taken.json()["stays"]] == ["opened", "opened"]
            yield Hospital(running, found[0])


def read(answer: httpx.Response) -> Json:
    marked = answer.headers["content-type"].startswith(XML)
    found: Json = resource_of(etree.fromstring(answer.content)) if marked else decode(answer.content)
    assert validate([found]) == []
    return found


def said(answer: httpx.Response, operation: str, status: int = 200) -> dict[str, Any]:
    """The answer's parameters by name, the last of each, once they are what the definition promises."""
    assert answer.status_code == status, answer.text
    found = read(answer)
    definition = decode((DEFINITIONS / f"OperationDefinition-encounter-{operation}.json").read_bytes())
    assert strays(found["parameter"], definition["parameter"]) == []
    return {each["name"]: value_of(each) for each in found["parameter"]}


def value_of(parameter: Json) -> Any:
    return next(value for key, value in parameter.items() if key != "name")


def strays(listed: list[Json], promised: list[Json], use: str = "out") -> list[str]:
    """Where parameters are not as they are promised: names, how often, types, parts."""
    known = {each["name"]: each for each in promised if each["use"] == use}
    found = [f"{each['name']} is not promised" for each in listed if each["name"] not in known]
    for name, each in known.items():
        those = [one for one in listed if one["name"] == name]
        if not each["min"] <= len(those) <= (len(those) if each["max"] == "*" else int(each["max"])):
            found.append(f"{name} stands {len(those)} times")
        for one in those:
            if "part" in each:
                found += [f"{name}.{more}" for more in strays(one.get("part", []), each["part"], use)]
            elif type_of(one) != each["type"].lower():
                found.append(f"{name} is a {type_of(one)}")
            elif "settlement-step" in str(each.get("binding")) and one["valueCode"] not in STEPS:
                found.append(f"{name} is no settlement step")
    return found


def type_of(parameter: Json) -> str:
    """Type of a parameter's value or resource, in small letters."""
    held = parameter["resource"]["resourceType"] if "resource" in parameter else next(iter({*parameter} - {"name"}))
    return str(held).removeprefix("value").lower()


def code_of(answer: httpx.Response) -> str:
    outcome = read(answer)
    assert outcome["resourceType"] == "OperationOutcome"
    return str(outcome["issue"][0]["details"]["coding"][0]["code"])


def shares(answer: httpx.Response) -> dict[str, str]:
    listed = [each["part"] for each in read(answer)["parameter"] if each["name"] == "share"]
    return {part[0]["valueCoding"]["code"]: str(part[1]["valueMoney"]["value"]) for part in listed}


def test_every_operation_has_its_definition() -> None:
    held = {}
    for path in DEFINITIONS.glob("OperationDefinition-*.json"):
        definition = decode(path.read_bytes())
        assert path.stem == f"OperationDefinition-{definition['id']}"
        assert definition["url"] == f"{CANON}/OperationDefinition/{definition['id']}"
        if definition["resource"] == ["Encounter"]:
            held[definition["code"]] = (definition["instance"], definition["type"], definition["system"])
    assert held == dict.fromkeys(STAY_OPERATIONS, (True, False, False))


@pytest.mark.parametrize("speaks", FORMATS)
def test_a_stay_is_settled_and_reversed(hospital: Hospital, speaks: str) -> None:
    hospital = replace(hospital, speaks=speaks)
    asked = said(hospital.call("check-entitlement", reason_String="入院登记"), "check-entitlement")
    assert asked["state"] in ("granted", "provisional")
    assert asked["decision"]["code"]["coding"][0]["code"] == "entitlement"
    assert asked["decision"]["output"]

    estimate = said(hospital.call("preview"), "preview")
    assert (estimate["status"], estimate["mode"], estimate["bill"]) == ("done", "estimate", "previewed")
    tried = hospital.call("preview", mode_Code="trial", reason_String="出院预结算")
    trial = said(tried, "preview")
    assert (trial["status"], trial["mode"]) == ("done", "trial")
    assert trial["total"] == {"value": Decimal(BY_HAND["total"]), "currency": "CNY"}
    assert hospital.payers.bureau.settled() == []  # a trial leaves nothing behind

    stale = hospital.call("settle", basis_String="0" * 64)
    assert (stale.status_code, code_of(stale)) == (409, "CASE-304")
    assert hospital.payers.bureau.settled() == []

    settled = hospital.call("settle", basis_String=trial["basis"], reason_String="出院结算")
    bill = said(settled, "settle")
    assert (bill["status"], bill["bill"], bill["mode"], bill["basis"]) == ("done", "settled", "settled", trial["basis"])
    assert shares(settled) == shares(tried)
    assert str(bill["patientPays"]["value"]) == BY_HAND["patient"]
    assert len(hospital.payers.bureau.settled()) == 1
    place = f"/fhir/{bill['invoice']['reference']}"
    assert read(hospital.service.http.get(place))["status"] == "issued"
    again = hospital.call("settle", basis_String=trial["basis"])
    assert (again.status_code, code_of(again)) == (409, "CASE-318")
    assert said(hospital.call("bill-state"), "bill-state")["version"] == bill["version"]

    without = hospital.call("reverse")
    assert (without.status_code, code_of(without)) == (400, "API-874")
    undone = said(hospital.call("reverse", reason_String="费用更正"), "reverse")
    assert (undone["status"], undone["bill"]) == ("done", "reversed")
    assert hospital.payers.bureau.settled() == hospital.payers.aid.settled() == []
    assert read(hospital.service.http.get(place))["status"] == "cancelled"
    wanted = {("cashier-07", reason) for reason in ("入院登记", "出院预结算", "出院结算", "费用更正")}
    assert wanted <= hospital.acts()


@pytest.mark.parametrize("speaks", FORMATS)
def test_a_daily_bill(hospital: Hospital, speaks: str) -> None:
    hospital = replace(hospital, speaks=speaks)
    assert hospital.service.http.post("/notices/run", json={"on": "2023-02-18"}).status_code == 200
    bill = said(hospital.call("daily-bill", ON_WARD, on_Date="2023-02-18", reason_String="家属查询"), "daily-bill")
    assert bill["running"] == {"value": Decimal("6578.15"), "currency": "CNY"}
    assert bill["patient"].endswith("*")
    place = f"/fhir/Encounter/{hospital.encounter(ON_WARD)}/$daily-bill"
    asked = {"on": "2023-02-18", "_format": "xml" if speaks == XML else "json"}
    assert said(hospital.service.http.get(place, params=asked), "daily-bill") == bill
    assert ("cashier-07", "家属查询") in hospital.acts(ON_WARD)
    before = hospital.call("daily-bill", ON_WARD, on_Date="2023-01-01")
    assert (before.status_code, code_of(before)) == (404, "CASE-367")


def test_a_preview_of_other_facts_is_stale(hospital: Hospital, tmp_path: Path) -> None:
    basis = said(hospital.call("preview", mode_Code="trial"), "preview")["basis"]
    changed = story(STAY)
    changed["stays"][0]["lines"].pop()
    write_export(changed, tmp_path / "changed")
    hospital.service.take_in(tmp_path / "changed")
    stale = hospital.call("settle", basis_String=basis)
    assert (stale.status_code, code_of(stale)) == (409, "CASE-304")
    assert said(hospital.call("preview"), "preview")["basis"] != basis
    write_export(story(STAY), tmp_path / "as-before")
    hospital.service.take_in(tmp_path / "as-before")
    assert said(hospital.call("preview"), "preview")["basis"] == basis


def test_what_takes_longer_goes_on_in_the_service(hospital: Hospital) -> None:
    hospital.payers.bureau.deaf.append(Stage.TRIAL)
    started = hospital.call("preview", mode_Code="trial", headers={"Prefer": "respond-async"})
    told = said(started, "preview", 202)
    assert (told["status"], "total" in told) == ("running", False)
    place = started.headers["content-location"]
    assert place == f"{hospital.service.base}/fhir/Encounter/{hospital.encounter(STAY)}/$bill-state"
    while (now := hospital.service.http.get(place)).status_code == 202:
        assert now.headers["retry-after"] == "1"
    assert said(now, "bill-state")["mode"] == "trial"


def test_a_key_does_it_once(hospital: Hospital) -> None:
    basis = said(hospital.call("preview", mode_Code="trial"), "preview")["basis"]
    before = len(hospital.payers.bureau.asked_about(Stage.SETTLE))
    once, twice = (
        hospital.call("settle", basis_String=basis, headers={"Idempotency-Key": "one-key"}) for _ in range(2)
    )
    assert (once.status_code, twice.status_code, twice.headers["idempotent-replayed"]) == (200, 200, "true")
    assert once.content == twice.content
    assert len(hospital.payers.bureau.asked_about(Stage.SETTLE)) == before + 1
    other = replace(hospital, speaks=XML).call("reverse", reason_String="x", headers={"Idempotency-Key": "one-key"})
    assert (other.status_code, code_of(other)) == (422, "API-870")
    assert other.headers["content-type"].startswith(XML)
    assert said(hospital.call("reverse", reason_String="复原"), "reverse")["bill"] == "reversed"


def test_a_case_that_waits_for_a_person_says_why(hospital: Hospital) -> None:
    hospital.payers.bureau.refuses.add(Stage.TRIAL)
    try:
        refused = hospital.call("preview", mode_Code="trial")
        assert (refused.status_code, code_of(refused)) == (409, "CASE-306")
        codes = [each["details"]["coding"][0]["code"] for each in read(refused)["issue"]]
        assert "CASE-320" in codes
        state = said(hospital.call("bill-state"), "bill-state")
        assert [each["details"]["coding"][0]["code"] for each in state["outcome"]["issue"]] == codes[1:]
        assert (
            said(hospital.call("preview"), "preview")["outcome"] == state["outcome"]
        )  # it can be estimated all the same
    finally:
        hospital.payers.bureau.refuses.clear()
    assert said(hospital.call("preview", mode_Code="trial"), "preview")["status"] == "done"


def test_a_hospital_that_speaks_fhir_names_the_stay_as_it_posted_it(tmp_path: Path) -> None:
    with serving(settings_for(tmp_path)) as service:
        who = {"Content-Type": JSON, "X-Source": native.SOURCE, "X-Actor": "his-1"}
        posted = service.http.post("/fhir", content=native.transaction(*native.resources()), headers=who)
        assert posted.status_code == 200, posted.text
        asked = service.http.post("/fhir/Encounter/E1/$check-entitlement", headers=who)
        assert said(asked, "check-entitlement")["case"]["value"] == f"{native.SOURCE}-V1"
        assert said(service.http.get("/fhir/Encounter/E1/$bill-state"), "bill-state")["status"] == "done"


@pytest.mark.parametrize(
    ("operation", "given", "status", "code"),
    [
        ("preview", {"mode_Code": "guess"}, 400, "API-874"),
        ("preview", {"mode_Code": "trial", "on_Date": "2021-03-19"}, 400, "API-874"),
        ("preview", {"on_Date": "2021-02-30"}, 400, "API-874"),
        ("preview", {"on_Date": "2021-W10-5"}, 400, "API-874"),
        ("preview", {"basis_String": "0" * 64}, 400, "API-874"),
        ("settle", {}, 400, "API-874"),
        ("settle", {"basis_String": "not a hash"}, 400, "API-874"),
        ("reverse", {"reason_String": "x" * 301}, 400, "API-874"),
        ("reverse", {"reason_Boolean": True}, 400, "API-874"),
        ("daily-bill", {"on_Date": "yesterday"}, 400, "API-874"),
        ("bill-state", {"reason_String": "x"}, 400, "API-874"),
        ("check-entitlement", {"reason_String": " "}, 400, "API-874"),
    ],
)
def test_what_cannot_be_read_does_nothing(
    hospital: Hospital, operation: str, given: Json, status: int, code: str
) -> None:
    before = hospital.acts()
    answer = hospital.call(operation, **given)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert hospital.acts() == before


def test_other_formats_and_other_stays_are_refused_before_anything_is_done(hospital: Hospital) -> None:
    before = len(hospital.payers.bureau.log)
    assert hospital.call("preview", mode_Code="trial", headers={"Accept": "text/html"}).status_code == 406
    typed = hospital.call("preview", mode_Code="trial", headers={"Content-Type": "text/plain"})
    assert (typed.status_code, code_of(typed)) == (415, "API-875")
    other = hospital.service.http.post("/fhir/Encounter/nobody/$preview")
    assert (other.status_code, code_of(other)) == (404, "CASE-450")
    wrong = hospital.service.http.post(f"/fhir/Encounter/{hospital.encounter(STAY)}/$settle", content=b"[]")
    assert (wrong.status_code, code_of(wrong)) == (400, "API-874")
    broken = hospital.service.http.post(
        f"/fhir/Encounter/{hospital.encounter(STAY)}/$settle", content=b"<Parameters", headers={"Content-Type": XML}
    )
    assert (broken.status_code, code_of(broken)) == (422, "FHIR-236")
    assert len(hospital.payers.bureau.log) == before
