"""Lineage both ways: from a FHIR path of a stored case to its cells and rules, and from a column to what it touched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from adapter.cases import lineage
from adapter.cases.lineage import case_lineage, keep_records
from adapter.cases.tools import Tools
from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.intake.mapping import load_mapping
from adapter.intake.readers.staging import stage
from adapter.model.issues import AdapterError
from bench.synthetic.story import write_export
from tests.support.office import ROOT, SOURCE, act, case_id, settle_case, story, take_in

STAY, WITH_REFUND = "300010004", "300010002"


def taken(tools: Tools, tmp_path: Path, *stays: str) -> None:
    """Take stays in, and keep their rows whether or not intake does so already."""
    take_in(tools, tmp_path, *stays)
    export = tmp_path / "kept"
    write_export(story(*stays), export)
    feed = tools.feed(SOURCE)
    with stage([export], feed.mapper.mapping.shape, SOURCE) as staged, tools.ledger.transaction() as tx:
        for records in staged.stays():
            keep_records(tx, case_id(records.stay_key), records, feed, act(tools))


def leaves(value: object, path: str) -> list[str]:
    if isinstance(value, dict):
        return [leaf for name, each in value.items() for leaf in leaves(each, f"{path}.{name}")]
    if isinstance(value, list):
        return [leaf for place, each in enumerate(value) for leaf in leaves(each, f"{path}[{place}]")]
    return [path]


def test_every_element_from_the_his_has_a_rule_and_its_cells(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY, WITH_REFUND)
    for stay in (STAY, WITH_REFUND):
        found = case_lineage(case_id(stay), tools)
        paths: dict[str, set[str]] = {}
        for each in found.elements:
            assert each.as_stored, each.line
            assert re.fullmatch(r"(his/bsoft_phis/\w+|sources/qingshi_county)\.yaml:\d+", each.line.rule)
            paths.setdefault(each.line.element, set()).add(each.line.path)
        with tools.ledger.reading() as tx:
            stored = [decode(row.body) for row in tx.resources_of_case(case_id(stay)) if row.source == SOURCE]
        assert len(stored) > 20
        for resource in stored:
            known = paths[f"{resource['resourceType']}/{resource['id']}"]
            for leaf in leaves(resource, resource["resourceType"]):
                if not leaf.endswith((".url", ".resourceType")):
                    assert any(leaf == path or leaf.startswith((f"{path}.", f"{path}[")) for path in known), leaf


def test_a_path_leads_to_file_row_column_rule_and_version(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY)
    found = case_lineage(case_id(STAY), tools, path="ChargeItem.quantity.value")
    assert found.elements and {each.line.target for each in found.elements} == {"quantity.value"}
    first = found.elements[0].line
    assert [place.column for place in first.sources] == ["FYSL"]
    assert re.fullmatch(r"ZY_FYMX\.xml#\d+/FYSL", first.sources[0].pointer)
    assert first.via == "decimal" and str(first.value) == str(first.sources[0].text)
    assert found.version == tools.feed(SOURCE).mapper.mapping.version
    one = case_lineage(case_id(STAY), tools, path=f"{first.element}.quantity")
    assert [each.line for each in one.elements] == [first]


def test_a_place_in_a_list_is_that_of_the_resource_not_of_the_mapping(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY)
    found = case_lineage(case_id(STAY), tools, path="Patient.identifier[2].value")
    assert [(each.line.path, each.line.via) for each in found.elements] == [("Patient.identifier[2]", "id_number")]


def test_a_constant_and_an_extension_url_lead_to_their_line(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY)
    (constant,) = case_lineage(case_id(STAY), tools, path="Encounter.class.code").elements
    assert constant.line.sources == () and constant.line.rule.startswith("his/bsoft_phis/encounter.yaml:")
    around = case_lineage(case_id(STAY), tools, path="Coverage.extension[0].url").elements
    assert {each.line.path for each in around} == {"Coverage.extension[0].valueCode"}


def test_a_column_leads_to_everything_that_it_touched(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY)
    found = case_lineage(case_id(STAY), tools, field="ZY_BRRY.CYPB")
    touched = {each.line.path for each in found.elements}
    assert {"Encounter.status", "Account.status", "Encounter.period.end", "Account.servicePeriod.end"} <= touched
    assert not any("ChargeItem" in path for path in touched)
    price = case_lineage(case_id(STAY), tools, field="ZY_FYMX.FYDJ")
    assert {use.what for use in price.uses} == {"value", "check amount_check", "check refunds"}
    ignored = case_lineage(case_id(STAY), tools, field="ZY_FYMX.YSGH")
    assert ignored.elements == () and ignored.uses[0].what.startswith("ignored: ")


def test_a_refund_names_the_rule_that_paired_it(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY)
    lines = [each.line for each in case_lineage(case_id(STAY), tools).elements]
    refunds = [line for line in lines if line.target == "refunds"]
    assert len(refunds) == 3
    assert all({"FYSL", "FYXH"} <= {place.column for place in line.sources} for line in refunds)


def test_lineage_as_provenance_is_valid_fhir(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY)
    found = case_lineage(case_id(STAY), tools, path="ChargeItem.priceOverride")
    made = list(found.provenances())
    assert len(made) == len(found.elements) > 0
    assert validate(made) == []
    assert len({each["id"] for each in made}) == len(made)
    assert made[0]["entity"][0]["what"]["display"].startswith("ZY_FYMX.xml#")
    assert "/mappings/his/bsoft_phis/charge_item.yaml#L" in made[0]["policy"][0]


def test_a_case_keeps_the_mapping_that_made_it(tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(tools, tmp_path, STAY)
    before = case_lineage(case_id(STAY), tools)
    assert before.issues == ()

    def edited(*_: object) -> None:
        raise AssertionError("the mapping of today is not asked")

    monkeypatch.setattr(type(tools), "feed", property(lambda _: edited))
    again = case_lineage(case_id(STAY), tools)
    assert [each.line for each in again.elements] == [each.line for each in before.elements]
    assert load_mapping(ROOT / "mappings", SOURCE).version == again.version


def test_what_a_settlement_made_does_not_come_from_a_row(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY)
    settle_case(STAY, tools)
    with pytest.raises(AdapterError) as refused:
        case_lineage(case_id(STAY), tools, path="ExplanationOfBenefit.total")
    assert refused.value.issues[0].code == "MAP-130"
    accounts = case_lineage(case_id(STAY), tools, path="Account.status").elements
    assert len(accounts) == 1 and accounts[0].line.path == "Account.status"


@pytest.mark.parametrize(("path", "code"), [("Patient.photo", "MAP-131"), ("Device.status", "MAP-131")])
def test_nothing_at_a_path_says_so(tools: Tools, tmp_path: Path, path: str, code: str) -> None:
    taken(tools, tmp_path, STAY)
    with pytest.raises(AdapterError) as refused:
        case_lineage(case_id(STAY), tools, path=path)
    assert refused.value.issues[0].code == code


def test_the_same_rows_again_write_nothing(tools: Tools, tmp_path: Path) -> None:
    taken(tools, tmp_path, STAY)
    with tools.ledger.reading() as tx:
        before = len(list(tx.journal(limit=100_000)))
    feed = tools.feed(SOURCE)
    with stage([tmp_path / "kept"], feed.mapper.mapping.shape, SOURCE) as staged, tools.ledger.transaction() as tx:
        for records in staged.stays():
            keep_records(tx, case_id(STAY), records, feed, act(tools))
    with tools.ledger.reading() as tx:
        assert len(list(tx.journal(limit=100_000))) == before


def test_a_case_without_kept_rows_says_what_to_do(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(tools, tmp_path, STAY)
    monkeypatch.setattr(lineage, "RECORDS", "nothing of that name")
    with pytest.raises(AdapterError) as refused:
        case_lineage(case_id(STAY), tools)
    assert refused.value.issues[0].code == "MAP-129"
