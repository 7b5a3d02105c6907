"""The two HL7 v2 vendors: their files, what they refuse, and the goldens of their fixture hospitals."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapter.fhir.canonical import decode
from adapter.fhir.validation import validate
from adapter.intake.mapping import load_mapping
from adapter.intake.mapping.issues import MappingRefused
from adapter.intake.mapping.messages import load_messages
from adapter.model.issues import stopping
from adapter.model.message import EntryKind, Meaning
from tests.support.messages import MAPPINGS, NEUSOFT, VENDORS, WINNING, golden, home, mapper, shape, staged

GOLDENS = [(source, path.stem) for source in VENDORS for path in sorted((home(source) / "expected").glob("*.json"))]


@pytest.mark.parametrize("source", VENDORS)
def test_every_stay_is_what_its_golden_says(source: str) -> None:
    with staged(source) as found:
        mapped = {each.stay_key: mapper(source).map(each) for each in found.stays()}
    assert sorted(mapped) == sorted(stay for of, stay in GOLDENS if of == source)
    assert len(mapped) >= 3
    for key, stay in mapped.items():
        assert golden(stay.resources) == (home(source) / "expected" / f"{key}.json").read_bytes(), key
        assert not stopping([*stay.issues, *validate(stay.resources)])


@pytest.mark.parametrize(("source", "stay"), GOLDENS)
def test_goldens_are_valid_r4(source: str, stay: str) -> None:
    found = decode((home(source) / "expected" / f"{stay}.json").read_bytes())
    assert validate([found, *(each["resource"] for each in found["entry"])]) == []


@pytest.mark.parametrize("source", VENDORS)
def test_every_field_is_mapped_or_ignored_for_a_reason(source: str) -> None:
    with staged(source) as found:
        report = mapper(source).check(list(found.stays()))
    assert report.complete, report.issues


def test_lineage_leads_to_segment_field_and_component() -> None:
    with staged(WINNING) as found:
        stay = next(each for each in found.stays() if each.stay_key == "10001")
    trace = mapper(WINNING).map(stay).trace
    pointers = {(each.path, each.pointer) for each in trace.expand()}
    assert ("ChargeItem.priceOverride.value", "dft.hl7#1/FT1[2]-11.1.1") in pointers
    assert ("Patient.identifier[2]", "adt.hl7#9/PID-3[SFZH].1") in pointers
    assert ("Encounter.period.end", "adt.hl7#9/PV1-45") in pointers
    assert ("Coverage.order", "adt.hl7#2/IN1[1]-1") in pointers


def test_what_the_source_says_of_events() -> None:
    """One event, two hospitals, two meanings."""
    assert (shape(NEUSOFT).events["ADT^A03"], shape(WINNING).events["ADT^A03"]) == (
        Meaning.SETTLE,
        Meaning.WARD_DISCHARGE,
    )
    assert shape(WINNING).entries["FT1"].kinds["AJ"] is EntryKind.ADJUSTMENT


@pytest.mark.parametrize(
    ("file", "change", "at"),
    [
        ("his/hl7v2_winning/messages.yaml", ("stay: PV1-19.1", "stay: PV1_19"), ":3"),
        ("his/hl7v2_winning/messages.yaml", ("order: [EVN-2, MSH-7]", "order: [EVN]"), ":8"),
        ("his/hl7v2_winning/messages.yaml", ('PID-3: "4.2"', "PID-3: CX"), ":10"),
        ("his/hl7v2_winning/messages.yaml", ("payment: [PY]", "paymant: [PY]"), ":26"),
        ("his/hl7v2_winning/messages.yaml", ("segments: [PR1]", "segments: [PROC]"), ":19"),
        ("his/hl7v2_winning/messages.yaml", ("    key: FT1-2 ", "    keys: FT1-2 "), ":24"),
        ("sources/liuxi_county.yaml", ("ADT^A10: arrive", "ADT^A10: arrived"), ":23"),
        ("sources/liuxi_county.yaml", ("ADT^A10: arrive", "A10: arrive"), ":23"),
        ("sources/liuxi_county.yaml", ("  events:", "  event:"), ""),
    ],
)
def test_a_wrong_file_is_refused_by_line(tmp_path: Path, file: str, change: tuple[str, str], at: str) -> None:
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    path = tmp_path / "mappings" / file
    text = path.read_text(encoding="utf-8")
    assert change[0] in text
    path.write_text(text.replace(*change), encoding="utf-8")
    with pytest.raises(MappingRefused) as caught:
        load_messages(tmp_path / "mappings", load_mapping(tmp_path / "mappings", WINNING))
    assert any(issue.code == "MAP-101" and issue.pointer.startswith(f"{file}{at}") for issue in caught.value.issues)


def test_a_vendor_without_its_description_is_refused(tmp_path: Path) -> None:
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    (tmp_path / "mappings/his/hl7v2_winning/messages.yaml").unlink()
    with pytest.raises(MappingRefused) as caught:
        load_mapping(tmp_path / "mappings", WINNING)
    assert [issue.code for issue in caught.value.issues] == ["MAP-112"]


def test_the_description_of_the_messages_is_part_of_the_version(tmp_path: Path) -> None:
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    before = load_mapping(tmp_path / "mappings", WINNING).version
    with (tmp_path / "mappings/his/hl7v2_winning/messages.yaml").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert load_mapping(tmp_path / "mappings", WINNING).version != before
