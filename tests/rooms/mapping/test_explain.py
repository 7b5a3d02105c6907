"""Every element is explained by the very rule that made it: the value that is shown is the value that stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapter.cases.mapping_tools import explain_row
from adapter.cases.mappings import staged_sample
from adapter.cases.masking import Shown
from adapter.intake.mapping import explainer_of, load_mapping
from adapter.intake.mapping.explain import Explainer, Line, Made
from adapter.intake.mapping.places import real_paths
from adapter.intake.mapping.spec import Column, Const, Field, Where
from adapter.intake.mapping.uses import uses_of
from adapter.model.issues import AdapterError
from tests.support.explained import check_explained
from tests.support.intake import FIXTURES, LINE, MAPPINGS, SOURCE, STAY, Row, records, write

EXPORT = FIXTURES / "his" / "bsoft_phis" / SOURCE / "export"
HOMES = sorted(
    path
    for path in (FIXTURES / "his").glob("*/*")
    if (path / "export").is_dir() and (MAPPINGS / "sources" / f"{path.name}.yaml").is_file()
)


@pytest.mark.parametrize("home", HOMES, ids=lambda path: path.name)
def test_every_element_of_every_shape_is_explained(home: Path) -> None:
    mapping = load_mapping(MAPPINGS, home.name)
    explainer = explainer_of(mapping)
    lines = 0
    with staged_sample(mapping, [home / "export"], MAPPINGS, FIXTURES / "reference") as staged:
        for stay in staged.stays():
            lines += check_explained(explainer, stay)
    assert lines > 500


def explained(row: Row, **more: Row) -> dict[str, Line]:
    stay = records(ZY_BRRY=[{**STAY, **more.get("stay", {})}], ZY_FYMX=[row], ZY_RYZD=[])
    explainer = Explainer(load_mapping(MAPPINGS, SOURCE))
    return {line.target: line for line in explainer.of_row(stay, stay.tables["ZY_FYMX"][0])}


def test_a_fee_line_beside_what_it_becomes() -> None:
    lines = explained({**LINE, "ZFBL": "0.100"})
    amount = lines["priceOverride.value"]
    assert (amount.path, str(amount.value), amount.via) == ("ChargeItem.priceOverride.value", "18.00", "yuan")
    assert [place.pointer for place in amount.sources] == ["ZY_FYMX.xml#1/ZJJE"]
    assert amount.rule.startswith("his/bsoft_phis/charge_item.yaml:")
    category = lines["extension[fee-category].valueCoding"]
    assert category.via == "sources/qingshi_county/fee_category.csv" and category.value["code"] == "nursing"
    assert lines["subject"].made is Made.REFERENCE and lines["subject"].sources[0].column == "BRID"
    estimate = lines["extension[his-estimate].extension[pre-self-pay].valueMoney.value"]
    assert [place.column for place in estimate.conditions] == ["ZFBL"] and estimate.path.startswith("ChargeItem.ext")
    other = lines["extension[his-estimate].extension[full-self-pay].valueMoney.value"]
    assert other.path == "" and other.value is None


def test_places_close_up_where_something_is_absent() -> None:
    where = Where("x.yaml", 1)

    def field(path: str, steps: tuple[Any, ...], constant: bool = False) -> Field:
        return Field(path, steps, Const("x") if constant else Column(path), where)

    fields = (
        field("a[0].s", (("a", 0), ("s", None)), constant=True),
        field("a[0].v", (("a", 0), ("v", None))),
        field("a[1].v", (("a", 1), ("v", None))),
        field("b[0].s", (("b", 0), ("s", None)), constant=True),
    )
    found = {"a[0].s": True, "a[0].v": False, "a[1].v": True, "b[0].s": True}
    assert real_paths(fields, found) == {"a[1].v": "a[0].v", "b[0].s": "b[0].s"}


def test_a_row_is_found_by_file_and_number() -> None:
    first = explain_row(SOURCE, [EXPORT], "1", MAPPINGS)
    same = explain_row(SOURCE, [EXPORT], "ZY_BRRY.xml#1", MAPPINGS, table="ZY_BRRY")
    assert first.lines == same.lines and first.row.origin.table == "ZY_BRRY"
    with pytest.raises(AdapterError) as refused:
        explain_row(SOURCE, [EXPORT], "99999", MAPPINGS)
    assert refused.value.issues[0].code == "MAP-127"


def test_a_diagnosis_row_shows_its_place_in_the_stay_too() -> None:
    found = explain_row(SOURCE, [EXPORT], "1", MAPPINGS, table="ZY_RYZD")
    assert {"Condition", "Encounter"} == {line.element.partition("/")[0] for line in found.lines}
    assert any(line.path.startswith("Encounter.diagnosis[].use") for line in found.lines)
    assert next(each.why for each in found.others if each.column == "ZGQK").startswith("转归")


def test_a_row_that_fails_is_explained_with_its_issues(tmp_path: Path) -> None:
    wrong = {**LINE, "FYSL": "many", "FYXM": "77"}
    diagnosis = {"ZYH": STAY["ZYH"], "ZDXH": "3301", "ZDLB": "3"}
    export = write(tmp_path, {"ZY_BRRY": [STAY], "ZY_FYMX": [wrong], "ZY_RYZD": [diagnosis]})
    found = explain_row(SOURCE, [export], "1", MAPPINGS, table="ZY_FYMX")
    by_target = {line.target: line for line in found.lines}
    assert by_target["quantity.value"].path == "" and by_target["quantity.value"].sources[0].text == "many"
    assert by_target["priceOverride.value"].path  # the rest of the row is explained all the same
    assert {"MAP-103", "MAP-104"} <= {issue.code for issue in found.issues}


def test_persons_are_masked_unless_asked_for() -> None:
    found = explain_row(SOURCE, [EXPORT], "1", MAPPINGS)
    masked, revealed = (
        "\n".join(
            [
                *(str(shown.line_json(line)) for line in found.lines),
                *(shown.other(each.column, each.text, each.why) for each in found.others),
            ]
        )
        for shown in (Shown(found.personal, False), Shown(found.personal, True))
    )
    fields = found.row.fields
    for column in ("BRXM", "SFZH", "CSNY", "YBKH", "LXDH", "BAHM"):
        assert fields[column] not in masked and fields[column] in revealed
    assert "male" in masked and fields["RYRQ"] in masked


def test_every_use_of_a_column_is_known() -> None:
    mapping = load_mapping(MAPPINGS, SOURCE)
    assert {use.what for use in uses_of(mapping, "ZY_BRRY", "ZYH")} >= {"stay key", "row key", "value"}
    assert {use.what for use in uses_of(mapping, "ZY_BRRY", "SFZH")} == {"value", "check id_check"}
    assert {use.what for use in uses_of(mapping, "ZY_BRRY", "BRXZ")} == {"value", "condition"}
    assert {use.what for use in uses_of(mapping, "ZY_FYMX", "YEPB")} == {"check expect"}
    assert uses_of(mapping, "ZY_ZKJL", "HQKS")[-1].what.startswith("ignored: ")
    assert uses_of(mapping, "ZY_FYMX", "NOTHING") == ()
