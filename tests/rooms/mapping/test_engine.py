"""Mapping: what a row becomes, and what becomes of a row that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.fhir.canonical import canonical
from adapter.fhir.identity import CANON, resource_id
from adapter.fhir.validation import validate
from adapter.intake.mapping import MappedStay
from adapter.intake.readers import stage
from adapter.model.issues import stopping
from adapter.model.money import Money
from tests.support.intake import DIAGNOSIS, FIXTURES, LINE, SOURCE, STAY, Row, mapper, records

DEPOSIT: Row = {"JKXH": "41001", "ZYH": "300012345", "JKRQ": "2021-03-05", "JKJE": "3000.00", "SJHM": "S1", "ZFPB": "0"}
HIS_SETTLED: Row = {
    "ZYH": "300012345",
    "JSCS": "1",
    "JSLX": "5",
    "JSRQ": "2021-03-12 11:00:00",
    "ZFPB": "0",
    "FYHJ": "5231.40",
    "TCJE": "3729.27",
    "ZHZF": "0.00",
    "ZFHJ": "1502.13",
    "JKHJ": "3000.00",
}


def mapped(stay: Row = STAY, *lines: Row, **tables: list[Row]) -> MappedStay:
    found = {"ZY_RYZD": [DIAGNOSIS], **tables}
    return mapper().map(records(ZY_BRRY=[stay], ZY_FYMX=list(lines) or [LINE], **found))


def only(stay: MappedStay, kind: str) -> dict[str, Any]:
    (found,) = of(stay, kind)
    return found


def of(stay: MappedStay, kind: str) -> list[dict[str, Any]]:
    return [each for each in stay.resources if each["resourceType"] == kind]


def found(stay: MappedStay) -> list[tuple[str, str, str]]:
    return [(issue.code, str(issue.severity), issue.pointer) for issue in stay.issues]


def extension(element: Mapping[str, Any], name: str) -> Any:
    return next((each for each in element["extension"] if each["url"] == f"{CANON}/StructureDefinition/{name}"), None)


def test_a_plain_stay_is_whole_and_valid() -> None:
    stay = mapped(ZY_TBKK=[DEPOSIT])
    assert found(stay) == []
    assert [each["resourceType"] for each in stay.resources] == [
        *("Organization", "Organization", "Patient", "Encounter", "Condition", "Coverage", "Account"),
        *("ChargeItem", "PaymentReconciliation"),
    ]
    assert validate(stay.resources) == []
    assert (stay.stay_key, stay.person_key) == ("300012345", "88001")


def test_names_and_id_numbers_stand_in_the_patient_only() -> None:
    stay = mapped(ZY_TBKK=[DEPOSIT])
    others = [each for each in stay.resources if each["resourceType"] != "Patient"]
    assert "测试甲" in canonical(only(stay, "Patient")).decode()
    assert not any(text in canonical(others).decode() for text in ("测试甲", "999999198001010011", "1980-01-01"))


def test_ids_derive_from_source_entity_and_row() -> None:
    stay = mapped()
    assert only(stay, "Patient")["id"] == resource_id(SOURCE, "Patient", "88001")
    assert only(stay, "Encounter")["id"] == resource_id(SOURCE, "Encounter", "300012345")
    assert only(stay, "ChargeItem")["id"] == resource_id(SOURCE, "ChargeItem", "900000123")
    assert canonical(list(stay.resources)) == canonical(list(mapped().resources))


def test_a_charge_line_keeps_its_digits() -> None:
    charge = only(mapped(STAY, {**LINE, "FYSL": "6.00", "FYDJ": "1.3975", "ZJJE": "8.39"}), "ChargeItem")
    assert charge["quantity"] == {"value": Decimal("6.00")}
    assert str(charge["priceOverride"]["value"]) == "8.39"
    assert str(extension(charge, "unit-price")["valueMoney"]["value"]) == "1.3975"
    assert charge["occurrenceDateTime"] == "2021-03-06T00:00:00+08:00"
    assert charge["code"]["coding"][0] == {"system": f"{CANON}/CodeSystem/{SOURCE}/item", "code": "5501"}


@pytest.mark.parametrize(("ratio", "part"), [("0.100", "pre-self-pay"), ("1.000", "full-self-pay")])
def test_the_hiss_estimate_is_an_extension(ratio: str, part: str) -> None:
    estimate = extension(only(mapped(STAY, {**LINE, "ZFBL": ratio}), "ChargeItem"), "his-estimate")
    assert [(each["url"], each["valueMoney"]["value"]) for each in estimate["extension"]] == [(part, Decimal("1.80"))]


@pytest.mark.parametrize(
    ("state", "encounter", "account", "ended"),
    [
        ("0", "in-progress", "active", False),
        ("1", "finished", "active", True),
        ("2", "in-progress", "active", False),
        ("8", "finished", "inactive", True),
        ("9", "finished", "active", True),
        ("99", "cancelled", "entered-in-error", False),
        ("102", "finished", "active", True),
    ],
)
def test_the_discharge_date_counts_once_the_ward_let_the_patient_go(
    state: str, encounter: str, account: str, ended: bool
) -> None:
    stay = mapped({**STAY, "CYPB": state})
    assert only(stay, "Encounter")["status"] == encounter
    assert only(stay, "Account")["status"] == account
    assert ("end" in only(stay, "Encounter")["period"]) is ended
    assert found(stay) == []


def test_an_insured_person_has_a_coverage_and_a_self_payer_none() -> None:
    coverage = only(mapped(), "Coverage")
    codings = [(each["system"].rpartition("/")[2], each["code"]) for each in coverage["type"]["coding"]]
    assert codings == [("payer", "basic"), ("insurance", "residents"), ("payer-kind", "2000")]
    assert coverage["subscriberId"] == "T00000001"
    alone = mapped({**STAY, "BRXZ": "1000"})
    assert of(alone, "Coverage") == [] and len(of(alone, "Organization")) == 1
    assert "coverage" not in only(alone, "Account")
    assert found(alone) == []


def test_the_principal_diagnosis_is_told_by_its_kind() -> None:
    diagnoses = [
        {**DIAGNOSIS, "ZDLB": kind, "ZDXH": key} for kind, key in (("2", "3302"), ("3", "3301"), ("4", "3303"))
    ]
    stay = mapped(ZY_RYZD=diagnoses)
    listed = only(stay, "Encounter")["diagnosis"]
    uses = [each["use"]["coding"][0]["code"] for each in listed]
    assert sorted(uses) == ["admission", "principal", "secondary"]
    principal = next(each for each in listed if each["use"]["coding"][0]["code"] == "principal")
    assert principal["rank"] == 1
    (condition,) = [
        each for each in of(stay, "Condition") if principal["condition"]["reference"] == f"Condition/{each['id']}"
    ]
    assert condition["code"]["coding"][0]["code"] == "3301"


@pytest.mark.parametrize(("flag", "status"), [("0", "active"), ("1", "cancelled")])
def test_a_deposit_is_a_payment_without_issuer(flag: str, status: str) -> None:
    payment = only(mapped(ZY_TBKK=[{**DEPOSIT, "ZFPB": flag, "JKFS": "1"}]), "PaymentReconciliation")
    assert payment["status"] == status and "paymentIssuer" not in payment
    assert payment["paymentAmount"] == {"value": Decimal("3000.00"), "currency": "CNY"}
    assert payment["paymentIdentifier"]["value"] == "S1"
    assert extension(payment, "account")["valueReference"]["reference"].startswith("Account/")


def test_the_hiss_own_settlement_is_observed() -> None:
    (seen,) = mapped(ZY_ZYJS=[HIS_SETTLED]).observed
    assert (seen.number, seen.kind, seen.void, seen.row_key) == (1, "final", False, "300012345:1")
    assert (seen.total, seen.fund, seen.patient) == tuple(map(Money.yuan, ("5231.40", "3729.27", "1502.13")))
    assert seen.balances and seen.settled_at.isoformat() == "2021-03-12T11:00:00+08:00"
    assert [each.void for each in mapped(ZY_ZYJS=[{**HIS_SETTLED, "ZFPB": "1"}]).observed] == [True]
    assert not mapped(ZY_ZYJS=[{**HIS_SETTLED, "FYHJ": "5231.41"}]).observed[0].balances


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"BRXB": "7"}, ("MAP-104", "error", "BRXB")),
        ({"BRXZ": "4711"}, ("MAP-104", "error", "BRXZ")),
        ({"CYPB": "5"}, ("MAP-104", "error", "CYPB")),
        ({"RYQK": "8"}, ("MAP-104", "warning", "RYQK")),
        ({"RYRQ": ""}, ("MAP-105", "error", "RYRQ")),
        ({"BRXM": "无"}, ("MAP-105", "error", "BRXM")),
        ({"CYRQ": "1900-01-01 00:00:00"}, ("MAP-105", "error", "CYRQ")),
        ({"YBKH": "-"}, ("MAP-105", "warning", "YBKH")),
        ({"RYRQ": "2021-02-30 10:00:00"}, ("MAP-103", "error", "RYRQ")),
        ({"RYRQ": "20171027000:00:00"}, ("MAP-103", "error", "RYRQ")),
        ({"CSNY": "1980-13-01"}, ("MAP-103", "warning", "CSNY")),
        ({"JGID": "999909999"}, ("MAP-109", "error", "JGID")),
        ({"SFZH": "999999198001010014"}, ("MAP-110", "warning", "SFZH")),
        ({"SFZH": "41"}, ("MAP-110", "warning", "SFZH")),
        ({"CSNY": "1980-01-02"}, ("MAP-111", "warning", "SFZH")),
        ({"BRXB": "2"}, ("MAP-111", "warning", "SFZH")),
    ],
)
def test_a_wrong_value_of_the_stay_is_named_by_row_and_column(change: Row, expected: tuple[str, str, str]) -> None:
    code, severity, column = expected
    stay = mapped({**STAY, **change})
    assert (code, severity, f"ZY_BRRY.xml#1/{column}") in found(stay)
    assert bool(stopping(stay.issues)) is (severity == "error")
    assert not any(text in str(issue) for issue in stay.issues for text in ("测试", "9999991980", "1980-", "T0000"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"FYXH": ""}, ("MAP-105", "error", "FYXH")),
        ({"ZJJE": ""}, ("MAP-105", "error", "ZJJE")),
        ({"ZJJE": "18.O0"}, ("MAP-103", "error", "ZJJE")),
        ({"ZJJE": "18.005"}, ("MAP-103", "error", "ZJJE")),
        ({"ZJJE": "NaN"}, ("MAP-103", "error", "ZJJE")),
        ({"FYSL": "1e3"}, ("MAP-103", "error", "FYSL")),
        ({"FYRQ": "2021-03-06 25:00:00"}, ("MAP-103", "error", "FYRQ")),
        ({"FYDJ": "1.39751"}, ("MAP-103", "warning", "FYDJ")),
        ({"ZJJE": "18.01"}, None),
        ({"ZJJE": "18.02"}, ("MAP-106", "warning", "ZJJE")),
        ({"ZJJE": "19.00"}, ("MAP-106", "warning", "ZJJE")),
        ({"ZJJE": "19.01"}, ("MAP-106", "error", "ZJJE")),
        ({"DZBL": "0.500", "ZJJE": "9.00"}, None),
        ({"ZJJE": "1,018.00", "FYDJ": "1018.0000"}, None),
        ({"FYXM": "77"}, ("MAP-104", "warning", "FYXM")),
        ({"YEPB": "1"}, ("MAP-109", "error", "YEPB")),
        ({"FYSL": "-1.00", "ZJJE": "-18.00"}, ("MAP-107", "error", "FYSL")),
    ],
)
def test_a_wrong_value_of_a_line_is_named_by_row_and_column(change: Row, expected: tuple[str, str, str] | None) -> None:
    stay = mapped(STAY, {**LINE, **change}, {**LINE, "JLXH": "2", "FYXH": "5502"})
    wanted = [] if expected is None else [(expected[0], expected[1], f"ZY_FYMX.xml#1/{expected[2]}")]
    assert [each for each in found(stay) if each[0] != "MAP-106" or wanted[:1] == [each]] == wanted
    assert any(each["code"]["coding"][0]["code"] == "5502" for each in of(stay, "ChargeItem"))


def test_a_line_with_an_unknown_code_stays_and_is_marked() -> None:
    charge = only(mapped(STAY, {**LINE, "FYXM": "77"}), "ChargeItem")
    assert extension(charge, "fee-category")["valueCoding"] == {
        "system": f"{CANON}/CodeSystem/{SOURCE}/fee_category",
        "code": "77",
    }
    assert [tag["code"] for tag in charge["meta"]["tag"]] == ["unmapped-code"]
    assert validate([charge]) == []


def test_the_stored_amount_counts() -> None:
    assert only(mapped(STAY, {**LINE, "ZJJE": "18.50"}), "ChargeItem")["priceOverride"]["value"] == Decimal("18.50")


def test_one_bad_line_does_not_take_the_others_along() -> None:
    stay = mapped(STAY, {**LINE, "ZJJE": ""}, {**LINE, "JLXH": "2"})
    assert [each["identifier"][0]["value"] for each in of(stay, "ChargeItem")] == ["2"]
    assert stopping(stay.issues)


def test_issues_of_reading_reach_the_mapped_stay() -> None:
    """Whoever looks at the mapped stay alone must see that it was cut."""
    cut = stage([], mapper().mapping.shape, SOURCE).issues[0]
    stay = records(ZY_BRRY=[STAY], ZY_FYMX=[LINE])
    held = type(stay)(stay.stay_key, stay.tables, (cut,))
    assert cut in mapper().map(held).issues


@pytest.mark.parametrize("rows", [[], [STAY, STAY]])
def test_a_stay_has_one_row_of_its_own(rows: list[Row]) -> None:
    stay = mapper().map(records(ZY_BRRY=rows, ZY_FYMX=[LINE]))
    assert [(issue.code, issue.severity) for issue in stay.issues] == [("MAP-115", "error")]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_the_order_of_rows_changes_nothing(data: st.DataObject) -> None:
    """Lines, refunds, diagnoses and deposits in any order give the same resources."""
    lines = [{**LINE, "JLXH": str(n), "FYRQ": f"2021-03-{5 + n % 5:02d} 00:00:00"} for n in range(1, 9)]
    lines += [{**LINE, "JLXH": str(n), "FYSL": "-1.00", "ZJJE": "-18.00"} for n in (20, 21)]
    diagnoses = [{**DIAGNOSIS, "ZDLB": kind} for kind in "1234"]
    tables = {
        "ZY_FYMX": data.draw(st.permutations(lines)),
        "ZY_RYZD": data.draw(st.permutations(diagnoses)),
        "ZY_TBKK": data.draw(st.permutations([{**DEPOSIT, "JKXH": str(n)} for n in range(3)])),
    }
    straight = mapper().map(records(ZY_BRRY=[STAY], ZY_FYMX=lines, ZY_RYZD=diagnoses, ZY_TBKK=tables["ZY_TBKK"]))
    shuffled = mapper().map(records(ZY_BRRY=[STAY], **tables))
    assert canonical(list(shuffled.resources)) == canonical(list(straight.resources))
    assert found(shuffled) == found(straight) == []


def test_resources_share_no_part_with_one_another() -> None:
    """What a later step writes into one resource never shows up in another."""
    first, second = mapped(), mapped()
    parts = {id(part) for each in first.resources for part in _parts(each)}
    assert len(parts) == sum(1 for each in first.resources for _ in _parts(each))
    assert not parts & {id(part) for each in second.resources for part in _parts(each)}


def _parts(element: Any) -> Any:
    if isinstance(element, dict | list):
        yield element
        for part in element.values() if isinstance(element, dict) else element:
            yield from _parts(part)


def test_every_element_can_name_its_source() -> None:
    stay = mapped()
    charge = only(stay, "ChargeItem")
    lines = {line.path: line for line in stay.trace.of(f"ChargeItem/{charge['id']}")}
    amount = lines["ChargeItem.priceOverride.value"]
    assert amount.pointer == "ZY_FYMX.xml#1/ZJJE" and amount.via == "yuan"
    assert amount.rule.startswith("his/bsoft_phis/charge_item.yaml:")
    assert SOURCE in amount.mapping and "bsoft_phis" in amount.mapping
    encounter = only(stay, "Encounter")
    uses = [line for line in stay.trace.of(f"Encounter/{encounter['id']}") if line.path.endswith(".use")]
    assert [line.pointer for line in uses] == ["ZY_RYZD.xml#1/ZDLB"]
    assert len(list(stay.trace.expand())) > 30
    assert stay.trace.of("ChargeItem/unknown") == ()


def test_every_column_of_the_fixture_export_is_accounted_for() -> None:
    export = FIXTURES / "his/bsoft_phis/qingshi_county/export"
    with stage([export], mapper().mapping.shape, SOURCE) as staged:
        report = mapper().check(staged.stays())
    assert report.complete and report.issues == ()
    assert report.absent == {}
    assert report.mapped["ZY_FYMX"] and all(
        reason for reasons in report.ignored.values() for reason in reasons.values()
    )


def test_an_unclaimed_column_and_an_unknown_code_are_reported() -> None:
    report = mapper().check([records(ZY_BRRY=[{**STAY, "NEU": "x", "BRXB": "7"}], ZY_JSMX=[{"ZYH": "1", "ANY": "x"}])])
    assert report.unclaimed == {"ZY_BRRY": {"NEU": 1}}
    assert report.unmapped_codes == {"ZY_BRRY.BRXB": {"7": 1}}
    assert sorted(issue.code for issue in report.issues) == ["MAP-104", "MAP-113"]
    assert not report.complete
