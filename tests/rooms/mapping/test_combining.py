"""A source that combines shapes is one mapping; what does not fit together is refused with both places."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapter.intake.mapping import compile_mapping, load_mapping
from adapter.intake.mapping.check import claimed_columns
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.translate import code_tables
from adapter.model.source import Delivery
from tests.support.intake import MAPPINGS

SOURCE = "fenglin_county"
FIRST, SECOND = "his/hl7v2_winning", "his/winning_this"


@pytest.fixture
def mappings(tmp_path: Path) -> Path:
    for part in (FIRST, SECOND, "his/zlhis", "sources"):
        shutil.copytree(MAPPINGS / part, tmp_path / part)
    return tmp_path


def edit(path: Path, old: str, new: str) -> int:
    """Change a file; the line of the change."""
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def refused(mappings: Path, source: str = SOURCE) -> list[tuple[str, str]]:
    with pytest.raises(MappingRefused) as caught:
        load_mapping(mappings, source)
    return [(issue.code, issue.pointer) for issue in caught.value.issues]


def test_one_mapping_of_two_shapes() -> None:
    mapping = load_mapping(MAPPINGS, SOURCE)
    assert mapping.vendors == ("hl7v2_winning", "winning_this")
    assert {"STAY", "DG1", "ZY_BRFYMXK"} <= mapping.shape.tables.keys()
    assert (mapping.stay_key_of("STAY"), mapping.stay_key_of("ZY_BRFYMXK")) == ("stay", "syxh")
    assert mapping.vendor_of("ZYB_BRYJK") == "winning_this"
    (views,) = mapping.row_shapes
    assert views.tables.keys() == {"ZY_BRFYMXK", "ZYB_BRYJK"} and views.delivery is Delivery.CHANGES
    assert "syxh" in claimed_columns(mapping)["ZY_BRFYMXK"] and "stay" not in claimed_columns(mapping)["ZY_BRFYMXK"]
    assert {"charge_status", "encounter_status", "insurance"} <= code_tables(MAPPINGS, mapping).keys()
    compile_mapping(mapping)


def test_the_version_covers_the_files_of_both(mappings: Path) -> None:
    first = load_mapping(mappings, SOURCE)
    assert first.version.startswith("hl7v2_winning 1 + winning_this 1 · fenglin_county · ")
    edit(mappings / SECOND / "charge_status.csv", "作废", "已作废")
    assert load_mapping(mappings, SOURCE).version != first.version


@pytest.mark.parametrize("delivery", ["", "delivery: whole"])
def test_a_combined_source_says_that_rows_are_changes(mappings: Path, delivery: str) -> None:
    file = mappings / "sources" / f"{SOURCE}.yaml"
    line = edit(file, "delivery: changes ", f"{delivery} ")
    assert refused(mappings) == [("MAP-144", f"sources/{SOURCE}.yaml:{line if delivery else line - 1}")]


def test_a_shape_is_named_once(mappings: Path) -> None:
    line = edit(mappings / "sources" / f"{SOURCE}.yaml", "[winning_this]", "[winning_this, winning_this]")
    assert refused(mappings) == [("MAP-140", f"sources/{SOURCE}.yaml:{line}")]


def test_a_shape_with_stays_of_its_own_completes_nothing(mappings: Path) -> None:
    edit(mappings / "sources" / f"{SOURCE}.yaml", "[winning_this]", "[zlhis]")
    ((code, pointer),) = refused(mappings)
    assert code == "MAP-141" and pointer.startswith("his/zlhis/shape.yaml:")


def test_a_shape_of_messages_completes_nothing(mappings: Path) -> None:
    line = edit(mappings / SECOND / "shape.yaml", "reader: csv_files", "reader: hl7v2")
    assert refused(mappings) == [("MAP-143", f"{SECOND}/shape.yaml:{line}")]


def test_a_table_belongs_to_one_shape(mappings: Path) -> None:
    line = edit(mappings / SECOND / "shape.yaml", "  ZYB_BRYJK:", "  IN1:")
    ((code, pointer),) = refused(mappings)
    assert (code, pointer) == ("MAP-142", f"{SECOND}/shape.yaml:{line}")


def test_a_mapping_file_has_one_name(mappings: Path) -> None:
    line = edit(mappings / SECOND / "shape.yaml", "deposit_paid]", "deposit]")
    assert refused(mappings) == [("MAP-145", f"{SECOND}/shape.yaml:{line}")]


def test_a_shape_without_stays_stands_for_no_source(mappings: Path) -> None:
    edit(mappings / "sources" / f"{SOURCE}.yaml", "shape: hl7v2_winning\nwith: [winning_this]", "shape: winning_this")
    ((code, pointer),) = refused(mappings)
    assert code == "MAP-101" and pointer.startswith(f"{SECOND}/shape.yaml:")


def test_a_completing_file_may_name_the_first_shapes_files_and_the_first_none_of_its(mappings: Path) -> None:
    line = edit(mappings / FIRST / "account.yaml", "{reference: hospital}", "{reference: charge_line}")
    assert refused(mappings) == [("MAP-101", f"{FIRST}/account.yaml:{line}")]


def test_a_delivery_is_whole_or_changes(mappings: Path) -> None:
    line = edit(mappings / "sources/songquan_county.yaml", "zone:", "delivery: daily\nzone:")
    assert refused(mappings, "songquan_county") == [("MAP-101", f"sources/songquan_county.yaml:{line}")]
    edit(mappings / "sources/songquan_county.yaml", "delivery: daily", "delivery: changes")
    assert load_mapping(mappings, "songquan_county").shape.delivery is Delivery.CHANGES
    line = edit(mappings / "sources/liuxi_county.yaml", "zone:", "delivery: changes\nzone:")
    assert refused(mappings, "liuxi_county") == [("MAP-101", f"sources/liuxi_county.yaml:{line}")]
