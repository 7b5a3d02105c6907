"""Our own validation: the structure, then what a schema cannot say."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import pytest

from adapter.fhir.outcome import operation_outcome
from adapter.fhir.rules_base import later
from adapter.fhir.schema.compiled import SERVED
from adapter.fhir.schema.invariants import BY_STRUCTURE, IN_RULES, IN_SCHEMA, NOT_CHECKED
from adapter.fhir.validation import validate
from adapter.model.issues import Severity
from tests.conformance.faults import base

BASE = {entry["resource"]["id"]: entry["resource"] for entry in base()["entry"]}


def changed(name: str, /, **members: Any) -> dict[str, Any]:
    """A resource of the base with other members; None takes one away."""
    resource = {**copy.deepcopy(BASE[name]), **members}
    return {key: value for key, value in resource.items() if value is not None}


def codes(resource: dict[str, Any], **options: Any) -> list[str]:
    return [issue.code for issue in validate([resource], **options)]


def test_the_base_is_well_one_by_one_too() -> None:
    assert validate(BASE.values(), complete=True) == []


def test_a_pointer_names_resource_and_path() -> None:
    claim = changed("claim1")
    claim["item"][1]["net"]["value"] = Decimal("8.40")
    found = {(issue.code, issue.pointer) for issue in validate([claim])}
    assert found == {("FHIR-135", "Claim/claim1.item[1].net"), ("FHIR-136", "Claim/claim1.total")}


def test_all_faults_are_told_at_once() -> None:
    claim = changed("claim1", status=None, use="x", created="today", insurance=[], patientPaid={})
    pointers = {(issue.code, issue.pointer) for issue in validate([claim])}
    assert pointers == {
        ("FHIR-111", "Claim/claim1"),
        ("FHIR-113", "Claim/claim1.use"),
        ("FHIR-114", "Claim/claim1.created"),
        ("FHIR-116", "Claim/claim1.insurance"),
        ("FHIR-112", "Claim/claim1"),
    }


def test_prose_rules_are_warnings_for_what_we_receive() -> None:
    claim = changed("claim1", total={"value": Decimal("1.00"), "currency": "CNY"})
    sent, received = validate([claim]), validate([claim], sending=False)
    assert [(issue.code, issue.severity) for issue in sent] == [("FHIR-136", Severity.ERROR)]
    assert [(issue.code, issue.severity) for issue in received] == [("FHIR-136", Severity.WARNING)]


def test_invariants_are_errors_for_what_we_receive() -> None:
    encounter = changed("encounter1", period={"start": "2020-06-09", "end": "2020-06-08"})
    assert [(i.code, i.severity) for i in validate([encounter], sending=False)] == [("FHIR-122", Severity.ERROR)]


def test_a_type_that_we_do_not_handle() -> None:
    observation = {"resourceType": "Observation", "id": "o1"}
    assert [(i.code, i.severity) for i in validate([observation])] == [("FHIR-110", Severity.ERROR)]
    assert [(i.code, i.severity) for i in validate([observation], sending=False)] == [("FHIR-110", Severity.WARNING)]


@pytest.mark.parametrize("value", [{}, {"resourceType": 1}, {"id": "x"}])
def test_what_is_no_resource(value: dict[str, Any]) -> None:
    assert codes(value) == ["FHIR-105"]


def test_issues_hold_no_personal_data() -> None:
    patient = changed("patient1", id="张三 110101195803090000", name=[{"text": 7, "张三": "x"}], birthDate="张三")
    text = " ".join(f"{issue} {issue.hint_zh} {issue.hint_en}" for issue in validate([patient]))
    assert "FHIR-112" in text
    assert "张三" not in text
    assert "110101" not in text


def test_every_fault_speaks_both_languages() -> None:
    claim = changed("claim1", status=None, use="x", created="today", insurance=[], total={"value": "1"})
    for issue in validate([claim]):
        assert issue.zh and issue.en and issue.hint_zh and issue.hint_en


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2020-06-09", "2020-06-08", True),
        ("2020-06-08", "2020-06-08", False),
        ("2020-06", "2020-06-01", False),
        ("2020-07", "2020-06-30", True),
        ("2020-06-08T23:00:00+08:00", "2020-06-08", False),
        ("2020-06-08T23:00:00+08:00", "2020-06-08T16:00:00Z", False),
        ("2020-06-09T00:30:00+08:00", "2020-06-08T16:00:00Z", True),
        ("2020-06-08T10:00:60+08:00", "2020-06-08T09:00:00Z", False),
        ("2020", None, False),
    ],
)
def test_later_is_said_only_when_certain(start: str, end: str | None, expected: bool) -> None:
    assert later(start, end) is expected


@pytest.mark.parametrize(
    ("quantity", "price", "factor", "net", "sound"),
    [
        ("6", "1.3975", None, "8.39", True),  # 8.385, half up
        ("6", "1.3975", None, "8.38", False),
        ("-6", "1.3975", None, "-8.39", True),  # a refund rounds like the charge
        ("-6", "1.3975", None, "-8.38", False),
        ("3", "10.00", "0.5", "15.00", True),
        ("3", "10.00", "0.5", "30.00", False),
        (None, "10.00", None, "10.00", True),  # the quantity is 1 unless said
        (None, "10.00", None, "10.01", False),
    ],
)
def test_a_line_adds_up(quantity: str | None, price: str, factor: str | None, net: str, sound: bool) -> None:
    claim = changed("claim1", total=None)
    item = {**claim["item"][0], "unitPrice": money(price), "net": money(net)}
    item.pop("quantity")
    if quantity is not None:
        item["quantity"] = {"value": Decimal(quantity)}
    if factor is not None:
        item["factor"] = Decimal(factor)
    assert codes({**claim, "item": [item]}) == ([] if sound else ["FHIR-135"])


def test_a_line_without_unit_price_is_taken_as_booked() -> None:
    claim = changed("claim1")
    del claim["item"][1]["unitPrice"]
    claim["item"][1]["net"] = money("8.38")
    claim["total"] = money("218.38")
    assert codes(claim) == []


def test_a_detail_line_adds_up_too() -> None:
    claim = changed("claim1")
    detail = {"sequence": 1, "productOrService": {"text": "x"}, "unitPrice": money("2.00"), "net": money("2.01")}
    claim["item"][0]["detail"] = [detail]
    assert [(i.code, i.pointer) for i in validate([claim])] == [("FHIR-135", "Claim/claim1.item[0].detail[0].net")]


def test_a_reversal_without_lines_keeps_its_total() -> None:
    claim = changed("claim1", status="cancelled", item=None)
    assert codes(claim) == []


def test_floats_are_no_amounts() -> None:
    assert codes(changed("claim1", total={"value": 218.39, "currency": "CNY"})) == ["FHIR-130"]
    assert codes(changed("line1", priceOverride={"value": 210.0, "currency": "CNY"})) == ["FHIR-130"]


@pytest.mark.parametrize(
    ("components", "net", "gross", "sound"),
    [
        ([("base", "10.00"), ("surcharge", "1.00"), ("discount", "2.00")], "9.00", "9.00", True),
        ([("base", "10.00"), ("discount", "-2.00")], "8.00", "8.00", True),
        ([("base", "10.00"), ("tax", "0.60")], "10.00", "10.60", True),
        ([("base", "10.00"), ("tax", "0.60")], "10.60", "10.60", False),
        ([("base", "10.00"), ("informational", "7.00")], "10.00", "10.00", True),
        ([("base", "10.00"), ("informational", "7.00")], "3.00", "3.00", False),
    ],
)
def test_an_invoice_adds_up(components: list[tuple[str, str]], net: str, gross: str, sound: bool) -> None:
    parts = [{"type": kind, "amount": money(value)} for kind, value in components]
    line = {"sequence": 1, "chargeItemReference": {"reference": "ChargeItem/line1"}, "priceComponent": parts}
    by_line = changed("invoice1", lineItem=[line], totalNet=money(net), totalGross=money(gross))
    by_total = changed(
        "invoice1", lineItem=None, totalPriceComponent=parts, totalNet=money(net), totalGross=money(gross)
    )
    assert set(codes(by_line)) == (set() if sound else {"FHIR-136"})
    assert set(codes(by_total)) == (set() if sound else {"FHIR-136"})


def test_a_reversing_answer_is_negative_and_well() -> None:
    answer = changed("answer1", status="cancelled")
    answer["total"][1]["amount"] = money("-100.00")
    answer["payment"] = {**answer["payment"], "adjustment": money("-10.00"), "amount": money("-90.00")}
    assert codes(answer) == []


def test_a_record_must_be_whole_when_it_is_said_to_be() -> None:
    assert codes(BASE["line1"]) == []
    pointers = {issue.pointer for issue in validate([BASE["line1"]], complete=True)}
    assert pointers == {
        "ChargeItem/line1.subject.reference",
        "ChargeItem/line1.context.reference",
        "ChargeItem/line1.account[0].reference",
    }


def test_two_resources_of_one_id() -> None:
    assert [i.code for i in validate([BASE["line1"], BASE["line1"]])] == ["FHIR-124"]
    entries = [addressed(BASE["line1"], "a"), addressed(BASE["line1"], "b")]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    assert codes(bundle, sending=False) == ["FHIR-124"]


def test_contained_resources_are_checked_and_must_be_used() -> None:
    inner = {"resourceType": "Organization", "id": "o1", "name": "x"}
    used = changed("basic", contained=[inner], payor=[{"reference": "#o1"}])
    assert codes(used) == []
    assert codes(changed("basic", contained=[inner])) == ["FHIR-118"]
    assert codes(changed("basic", payor=[{"reference": "#o1"}], contained=[{**inner, "id": "o2"}])) == [
        "FHIR-123",
        "FHIR-118",
    ]
    broken = changed("basic", contained=[{"resourceType": "Organization", "id": "o1"}], payor=[{"reference": "#o1"}])
    found = validate([broken])
    assert [(i.code, i.pointer) for i in found] == [("FHIR-118", "Coverage/basic.contained(Organization/o1)")]


def test_an_entry_needs_its_address_unless_it_is_created() -> None:
    entry = {"resource": BASE["hospital"]}
    assert codes({"resourceType": "Bundle", "type": "searchset", "entry": [entry]}) == ["FHIR-125"]
    created = {**entry, "request": {"method": "POST", "url": "Organization"}}
    assert codes({"resourceType": "Bundle", "type": "transaction", "entry": [created]}) == []


def addressed(resource: dict[str, Any], name: str = "x") -> dict[str, Any]:
    return {"fullUrl": f"https://pay-after-care.example/fhir/{name}", "resource": resource}


def test_references_by_address_are_found_in_the_bundle() -> None:
    patient = {"fullUrl": "urn:uuid:1b4e28ba-2fa1-41d2-883f-0016d3cca427", "resource": {"resourceType": "Patient"}}
    coverage = changed("basic", id=None, payor=[{"reference": patient["fullUrl"]}])
    coverage["beneficiary"] = {"reference": patient["fullUrl"]}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [patient, addressed(coverage)]}
    assert codes(bundle) == []
    coverage["beneficiary"] = {"reference": "urn:uuid:1b4e28ba-2fa1-41d2-883f-0016d3cca428"}
    assert codes(bundle) == ["FHIR-123"]
    assert codes({**bundle, "type": "searchset"}) == []


@pytest.mark.parametrize("value", ["2020-02-29", "2000-02-29", "2020-02", "2020", "2020-12-31"])
def test_days_that_exist(value: str) -> None:
    assert codes(changed("patient1", birthDate=value)) == []


@pytest.mark.parametrize(
    "value", ["2021-02-29", "1900-02-29", "2020-04-31", "2020-13-01", "2020-00-10", "0001-01-01", "2020-1-1", ""]
)
def test_days_that_do_not_exist(value: str) -> None:
    assert codes(changed("patient1", birthDate=value)) == ["FHIR-114"]


@pytest.mark.parametrize("value", ["2020-06-08", "2020-06-08T11:00:00+08:00", "2020-06-08T03:00:00.123Z", "2020-06"])
def test_moments(value: str) -> None:
    assert codes(changed("claim1", created=value)) == []


@pytest.mark.parametrize("value", ["2020-06-08T11:00:00", "2020-06-08T11:00+08:00", "2020-06-08T24:00:00Z", 20200608])
def test_no_moments(value: Any) -> None:
    assert set(codes(changed("claim1", created=value))) <= {"FHIR-114", "FHIR-115"}
    assert codes(changed("claim1", created=value))


def test_text_may_be_chinese_with_a_wide_space() -> None:
    assert codes(changed("hospital", name="清石县\u3000人民医院")) == []


def test_an_extension_has_a_value_or_inner_extensions() -> None:
    value = {"url": "https://x.example/a", "valueString": "a"}
    for sound in (value, {**value, "id": "e1"}, {"url": "https://x.example/a", "extension": [value]}):
        assert codes(changed("hospital", extension=[sound])) == []
    for broken in (
        {"url": "https://x.example/a"},
        {"url": "https://x.example/a", "id": "e1"},
        {**value, "extension": [value]},
        {**value, "valueCode": "a"},
    ):
        assert codes(changed("hospital", extension=[broken])) == ["FHIR-117"]


def test_a_primitive_may_carry_an_extension() -> None:
    value = {"extension": [{"url": "https://x.example/a", "valueString": "a"}]}
    assert codes(changed("patient1", _birthDate=value)) == []
    assert codes(changed("patient1", _birthDate={})) == ["FHIR-116"]


def test_the_schema_serves_all_types_that_the_wire_speaks_of() -> None:
    spoken = {resource["resourceType"] for resource in BASE.values()}
    assert spoken | {"Bundle", "OperationOutcome", "Parameters", "CapabilityStatement", "Provenance"} <= SERVED


def test_an_outcome_is_a_sound_resource() -> None:
    found = validate([changed("claim1", status=None, total=money("1.00"))])
    outcome = operation_outcome(found)
    assert validate([outcome]) == []
    assert len(outcome["issue"]) == len(found)
    first = outcome["issue"][0]
    assert first["details"]["coding"][0]["code"] == "FHIR-111"
    assert (first["severity"], first["code"], first["expression"]) == ("error", "required", ["Claim/claim1"])
    assert found[0].zh in first["details"]["text"]
    assert found[0].en in first["diagnostics"]


def test_no_issue_is_an_outcome_too() -> None:
    outcome = operation_outcome([])
    assert outcome["issue"][0]["severity"] == "information"
    assert validate([outcome]) == []


def money(value: str) -> dict[str, Any]:
    return {"value": Decimal(value), "currency": "CNY"}


@pytest.mark.parametrize("name", sorted(SERVED))
def test_every_type_has_a_whole_schema(name: str) -> None:
    """Compiling resolves every reference inside the schema; a bare resource is told what it lacks, or is well."""
    bare = {"resourceType": name, "id": "x", "nonsense": 1}
    assert "FHIR-112" in codes(bare)
    assert codes({**bare, "id": "not an id"})


def test_every_published_invariant_is_accounted_for_once() -> None:
    tables = (set(IN_SCHEMA), set(IN_RULES), set(BY_STRUCTURE), set(NOT_CHECKED))
    assert sum(map(len, tables)) == len(set.union(*tables))


RECORDS: list[tuple[dict[str, Any], list[str]]] = [
    (
        {
            "resourceType": "Contract",
            "id": "c1",
            "status": "executed",
            "term": [
                {
                    "offer": {"text": "分期付款"},
                    "asset": [{"valuedItem": [{"paymentDate": "2021-01-31", "net": {"value": 1, "currency": "CNY"}}]}],
                    "group": [{"offer": {"text": "第一期"}}],
                }
            ],
        },
        [],
    ),
    ({"resourceType": "Contract", "id": "c1", "term": [{"asset": [{"valuedItem": [{}]}]}]}, ["FHIR-111", "FHIR-116"]),
    (
        {
            "resourceType": "AuditEvent",
            "id": "a1",
            "type": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110112"},
            "recorded": "2021-01-31T10:00:00+08:00",
            "agent": [{"requestor": True}],
            "source": {"observer": {"display": "adapter"}},
            "entity": [{"name": "x", "query": "eA=="}],
        },
        ["FHIR-118"],
    ),
    (
        {
            "resourceType": "Consent",
            "id": "c1",
            "status": "active",
            "scope": {"text": "x"},
            "category": [{"text": "x"}],
            "policyRule": {"text": "x"},
            "provision": {"type": "permit", "provision": [{"type": "refuse"}]},
        },
        ["FHIR-113"],
    ),
    (
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "total", "valueMoney": {"value": 1, "currency": "CNY"}},
                {"name": "payer", "part": [{"name": "code", "valueCode": "basic", "valueString": "x"}]},
            ],
        },
        ["FHIR-117"],
    ),
    (
        {
            "resourceType": "DocumentReference",
            "id": "d1",
            "status": "current",
            "content": [{"attachment": {"data": "eA=="}}],
        },
        ["FHIR-118"],
    ),
    (
        {
            "resourceType": "Provenance",
            "id": "p1",
            "target": [{"reference": "Claim/c1"}],
            "recorded": "2021-01-31",
            "agent": [{"who": {"reference": "Patient/p1"}}],
        },
        ["FHIR-114"],
    ),
]


@pytest.mark.parametrize(("resource", "expected"), RECORDS, ids=lambda value: str(value)[:60])
def test_types_that_the_base_has_not(resource: dict[str, Any], expected: list[str]) -> None:
    assert sorted(codes(resource)) == expected
