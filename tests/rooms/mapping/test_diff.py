"""What an edited mapping changes on a sample: what comes, goes and changes, and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adapter.cases.mapping_tools import compare_edited
from adapter.intake.mapping.compare import Comparison
from adapter.model.issues import AdapterError
from tests.support.intake import FIXTURES, MAPPINGS, SOURCE

EXPORT = FIXTURES / "his" / "bsoft_phis" / SOURCE / "export"


def edit(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., Comparison]:
    """Edit a copy of the vendor folder, then compare."""

    def comparing(*edits: tuple[str, str, str]) -> Comparison:
        folder = tmp_path / "bsoft_phis"
        shutil.copytree(MAPPINGS / "his" / "bsoft_phis", folder)
        for file, before, after in edits:
            edit(folder / file, before, after)
        return compare_edited(SOURCE, [EXPORT], folder, MAPPINGS)[0]

    return comparing


def test_an_untouched_copy_changes_nothing(compared: Callable[..., Comparison]) -> None:
    found = compared()
    assert found.same and found.stays == 21 and not found.elements


def test_a_remark_changes_nothing_but_the_version(tmp_path: Path) -> None:
    shutil.copytree(MAPPINGS / "his" / "bsoft_phis", tmp_path / "his" / "bsoft_phis")
    edit(tmp_path / "his" / "bsoft_phis" / "patient.yaml", "to: Patient", "to: Patient   # the person")
    found, before, after = compare_edited(SOURCE, [EXPORT], tmp_path, MAPPINGS)
    assert found.same and before != after


def test_a_changed_element_is_counted_with_examples(compared: Callable[..., Comparison]) -> None:
    found = compared(("gender.csv", "1,男,,male,", "1,男,,other,"))
    assert dict(found.changed) == {"Patient": 11} and not found.added and not found.removed
    assert list(found.elements) == ["Patient.gender"]
    change = found.elements["Patient.gender"]
    assert (change.added, change.removed, change.changed) == (0, 0, 11)
    assert [(each.before, each.after) for each in change.examples] == [("male", "other")] * 3


def test_a_dropped_identifier_moves_no_other(compared: Callable[..., Comparison]) -> None:
    lines = (
        '  identifier[1].system: {const: "urn:oid:2.16.156.10011.1.13"}      # 病案号\n',
        "  identifier[1].value:  {from: BAHM}\n",
    )
    found = compared(*(("patient.yaml", line, "") for line in lines))
    assert {path: each.removed for path, each in found.elements.items()} == {
        "Patient.identifier[urn:oid:2.16.156.10011.1.13].value": 21,
        "Patient.identifier[urn:oid:2.16.156.10011.1.13].system": 21,
    }
    assert all(each.changed == each.added == 0 for each in found.elements.values())


def test_resources_that_come_and_go_are_counted(compared: Callable[..., Comparison]) -> None:
    found = compared(("shape.yaml", "charge_item, deposit, his_settlement", "charge_item, his_settlement"))
    assert dict(found.removed) == {"PaymentReconciliation": 9} and not found.added
    assert 0 < found.touched < found.stays


def test_another_row_key_makes_other_resources(compared: Callable[..., Comparison]) -> None:
    found = compared(("deposit.yaml", "row_key: [JKXH]", "row_key: [SJHM]"))
    assert found.removed["PaymentReconciliation"] == found.added["PaymentReconciliation"] == 9


def test_issues_are_compared_too(compared: Callable[..., Comparison]) -> None:
    found = compared(("gender.csv", "2,女,,female,\n", ""))
    assert found.issues["MAP-104"][1] > found.issues.get("MAP-104", (0, 0))[0] and not found.same


def test_observed_settlements_are_compared_too(compared: Callable[..., Comparison]) -> None:
    found = compared(("his_settlement.yaml", "fund:       {from: TCJE", "fund:       {from: FYHJ"))
    assert found.observed == 1 and found.touched == 0 and not found.same


def test_an_edited_source_folder_counts(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    shutil.copytree(MAPPINGS / "sources" / SOURCE, tmp_path / "sources" / SOURCE)
    edit(
        tmp_path / "sources" / SOURCE / "fee_category.csv", "10,床位费,fee-category,bed", "10,床位费,fee-category,other"
    )
    found, _, _ = compare_edited(SOURCE, [EXPORT], tmp_path, MAPPINGS)
    assert list(found.elements) == ["ChargeItem.extension[fee-category].valueCoding.code"]
    assert found.elements["ChargeItem.extension[fee-category].valueCoding.code"].changed == 244


def test_a_wrong_edit_is_refused_by_line(compared: Callable[..., Comparison]) -> None:
    with pytest.raises(AdapterError) as refused:
        compared(("patient.yaml", "as: id_number", "as: idnumber"))
    (issue,) = refused.value.issues
    assert issue.code == "MAP-101" and issue.pointer.startswith("his/bsoft_phis/patient.yaml:")
