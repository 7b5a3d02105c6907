"""The trap exports of the fixture hospitals: every stay as its page says, byte for byte as its golden."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.fhir.facts import claim_facts
from adapter.fhir.validation import validate
from adapter.intake.mapping import MappedStay, load_mapping
from adapter.intake.mapping.explain import Explainer
from adapter.intake.readers import stage
from adapter.intake.reference import load_reference
from adapter.model.claim import Claim
from adapter.model.issues import Issue, stopping
from adapter.model.money import Money
from tests.support.explained import check_explained
from tests.support.intake import FIXTURES
from tests.support.traps import ALL, Traps, changed_mappings, mapped
from tests.support.vendors import golden_of

STAYS = [(traps, stay) for traps in ALL for stay in traps.expected]


def by_stay(value: object) -> str:
    return value.source if isinstance(value, Traps) else str(value)


def facts(traps: Traps, stay: str) -> tuple[Claim | None, list[Issue]]:
    book = load_reference(FIXTURES / "reference" / traps.source)
    found = mapped(traps)[stay]
    return claim_facts(found.resources, case_id=stay, version=1, reference=book, window=None)


def of_type(stay: MappedStay, kind: str) -> list[dict[str, Any]]:
    return [each for each in stay.resources if each["resourceType"] == kind]


@pytest.mark.parametrize("traps", ALL, ids=by_stay)
def test_every_stay_of_the_export_has_its_page(traps: Traps) -> None:
    assert (
        set(mapped(traps)) == set(traps.expected) == {path.stem for path in (traps.folder / "expected").glob("*.json")}
    )


@pytest.mark.parametrize(("traps", "stay"), STAYS, ids=by_stay)
def test_the_stay_is_its_golden(traps: Traps, stay: str) -> None:
    """``python -m tests.support.traps --write`` after a change that is meant."""
    found = mapped(traps)[stay]
    assert golden_of(found).decode() == (traps.folder / "expected" / f"{stay}.json").read_text("utf-8")
    assert not stopping(validate(found.resources))


@pytest.mark.parametrize(("traps", "stay"), STAYS, ids=by_stay)
def test_what_is_found_is_what_the_page_says(traps: Traps, stay: str) -> None:
    """Issues of mapping and of the facts; the sum of the lines; which insurance counts."""
    expected = traps.expected[stay]
    claim, told = facts(traps, stay)
    assert sorted({issue.code for issue in mapped(traps)[stay].issues}) == expected["issues"]
    assert sorted({issue.code for issue in told}) == expected["told"]
    assert claim is not None and claim.total.text == expected["total"]
    assert claim.person.insurance == expected.get("insurance", claim.person.insurance)


@pytest.mark.parametrize(
    ("traps", "stay"), [each for each in STAYS if "standing" in each[0].expected[each[1]]], ids=by_stay
)
def test_each_settlement_of_the_his_stands_for_the_lines_that_name_it(traps: Traps, stay: str) -> None:
    expected = traps.expected[stay]
    standing = [each for each in mapped(traps)[stay].observed if not each.void]
    assert {each.row_key: each.total.text for each in standing} == expected["standing"]
    assert all(each.balances and each.charged == each.total and each.lines for each in standing)
    assert Money.total(each.rounding for each in standing).text == expected["rounding"]
    assert len(mapped(traps)[stay].observed) > len(standing), "what was undone is history, not gone"


@pytest.mark.parametrize(
    ("traps", "stay"), [each for each in STAYS if "of_newborns" in each[0].expected[each[1]]], ids=by_stay
)
def test_a_newborns_line_is_the_newborns_and_the_bill_is_the_mothers(traps: Traps, stay: str) -> None:
    """The line's subject is the newborn, who is linked to the mother; the claim is about her and holds all lines."""
    found = mapped(traps)[stay]
    names = {f"Patient/{each['id']}": each["name"][0]["text"] for each in of_type(found, "Patient")}
    mother = of_type(found, "Encounter")[0]["subject"]["reference"]
    lines = {each["code"]["text"]: each["subject"]["reference"] for each in of_type(found, "ChargeItem")}
    theirs = {text: names[whose] for text, whose in lines.items() if whose != mother}
    assert theirs == traps.expected[stay]["of_newborns"]
    related = {
        names[each["patient"]["reference"]]: each["identifier"][0]["value"] for each in of_type(found, "RelatedPerson")
    }
    assert set(related) == set(theirs.values()) and set(related.values()) == {found.person_key}
    claim, _ = facts(traps, stay)
    assert claim is not None and claim.person.key == found.person_key
    assert len(claim.lines) == len(of_type(found, "ChargeItem"))


@pytest.mark.parametrize("traps", ALL, ids=by_stay)
def test_every_element_is_explained(traps: Traps, tmp_path: Path) -> None:
    """What a row says in another one's place is explained like all else."""
    mappings = changed_mappings(tmp_path / "mappings", traps.vendor, traps.source, newborns="with-mother")
    explainer = Explainer(load_mapping(mappings, traps.source))
    with stage([traps.folder / "export"], explainer.mapping.shape, traps.source) as staged:
        assert sum(check_explained(explainer, stay) for stay in staged.stays()) > 100


def test_an_unnamed_patient_has_no_name_that_somebody_guessed() -> None:
    traps = next(each for each in ALL if each.vendor == "zlhis")
    patient = of_type(mapped(traps)["100012-1"], "Patient")[0]
    assert patient["name"] == [{"text": "无名氏20210605", "use": "temp"}]
    assert patient["identifier"][0]["use"] == "temp" and "birthDate" not in patient


def test_the_insurance_counts_from_the_change_of_the_payer_on() -> None:
    """One Coverage for each time of it: what was, with its end; what is, with its beginning. Self-pay is none."""
    traps = next(each for each in ALL if each.vendor == "neusoft_hisfc")
    now, before = of_type(mapped(traps)["ZY010000010021"], "Coverage")
    assert now["period"] == {"start": "2021-07-03T09:00:00+08:00"}
    assert before["period"] == {"start": "2021-07-02T09:00:00+08:00", "end": "2021-07-03T09:00:00+08:00"}


@pytest.mark.parametrize(
    ("vendor", "stay", "wards"),
    [
        ("zlhis", "100013-1", [("32", "2021-06-01T09:30", "2021-06-02T15:00"), ("33", "2021-06-02T15:00", "")]),
        (
            "neusoft_hisfc",
            "ZY010000010021",
            [("1031", "2021-07-02T11:00", "2021-07-04T11:00"), ("1041", "2021-07-04T11:00", "")],
        ),
    ],
)
def test_a_stay_is_where_it_was_moved_to_and_when(vendor: str, stay: str, wards: list[tuple[str, str, str]]) -> None:
    """By the time at which the move was made; a move that was only asked for is none, nor is a change of nursing."""
    traps = next(each for each in ALL if each.vendor == vendor)
    found = mapped(traps)[stay]
    names = {f"Location/{each['id']}": each["identifier"][0]["value"] for each in of_type(found, "Location")}
    assert [
        (
            names[each["location"]["reference"]],
            each["period"]["start"][:16],
            each["period"].get("end", "")[:16],
        )
        for each in of_type(found, "Encounter")[0]["location"]
    ] == wards


def test_a_newborn_with_a_stay_of_its_own_names_the_mothers() -> None:
    traps = next(each for each in ALL if each.vendor == "neusoft_hisfc")
    related = of_type(mapped(traps)["ZYB10000010022"], "RelatedPerson")[0]
    assert related["identifier"][0]["value"] == "ZY010000010022"
    assert related["relationship"][0]["coding"][0]["code"] == "MTH"
