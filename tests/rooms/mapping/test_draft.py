"""Drafts: what is found in a sample by name and by value, what is doubtful, and what never gets into a draft."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from adapter.cases.drafts import draft_sample, write_draft
from adapter.cases.mappings import check_sample
from adapter.intake.mapping import compile_mapping, load_mapping
from adapter.intake.mapping.draft import Draft, SampleTable
from adapter.intake.mapping.draft.keys import amount_relation, row_key, stay_join
from adapter.intake.mapping.draft.known import load_known
from adapter.intake.mapping.draft.profile import Kind, picture, profile
from adapter.intake.readers import stage
from adapter.model.issues import AdapterError
from adapter.model.person import masked
from tests.support.intake import FIXTURES, MAPPINGS, write

ROWS = dict[str, list[dict[str, str]]]

#: Exports of every shape that is read row by row; none of their mappings is used here.
EXPORTS = sorted(
    path / "export"
    for path in (FIXTURES / "his").glob("*/*")
    if (path / "export").is_dir()
    and path.parent.name not in ("bad", "fhir_r4")
    and not list((path / "export").glob("*.hl7"))
)


def odd_export(seed: int, stays: int = 30) -> ROWS:
    """A HIS whose column names tell nothing: everything must be told by values."""
    lots = random.Random(seed)
    people, lines, causes = [], [], []
    for n in range(stays):
        key = f"K{n:05d}"
        day = 1 + n % 27
        serial = f"9999991980{1 + n % 12:02d}{day:02d}{n:03d}"
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        check = "10X98765432"[sum(int(d) * w for d, w in zip(serial, weights, strict=True)) % 11]
        people.append(
            {
                "C1": key,
                "C2": f"测{chr(0x7532 + n)}",
                "C3": serial + check,
                "C4": lots.choice("男女"),
                "C5": f"2021-03-{day:02d} 08:{n % 60:02d}:00",
                "C6": f"2021-04-{day:02d} 10:{n % 60:02d}:00" if n % 5 else "",
                "C7": f"1980-{1 + n % 12:02d}-{day:02d}",
                "C8": f"138{n:08d}",
            }
        )
        causes.append({"D1": key, "D2": lots.choice(["J18.900", "I10.x05", "K35.100"]), "D3": "社区获得性肺炎等"})
        for line in range(8):
            quantity, price = lots.choice([1, 2, 3, 7, -1]), lots.choice([12.5, 3.1, 18, 148])
            lines.append(
                {
                    "F1": f"{n * 100 + line + 1000000}",
                    "F2": key,
                    "F3": f"{quantity}",
                    "F4": f"{price:.4f}",
                    "F5": f"{quantity * price:.2f}",
                    "F6": f"2021-03-{day:02d}",
                    "F7": lots.choice(["A0001", "A0002", "B0003"]),
                    "F8": lots.choice(["甲类药品一", "乙类药品二", "护理服务三"]),
                }
            )
    return {"T1": people, "T2": lines, "T3": causes}


def drafted(folder: Path, paths: Sequence[Path]) -> Draft:
    draft = draft_sample("draft_town", "draft_his", paths, MAPPINGS)
    write_draft(draft, folder, MAPPINGS)
    return draft


def field_of(draft: Draft, file: str, target: str) -> str:
    lines = draft.files[f"his/draft_his/{file}.yaml"].splitlines()
    return next(line.strip() for line in lines if line.strip().startswith(f"{target}:"))


@pytest.mark.parametrize("export", EXPORTS, ids=lambda path: path.parent.name)
def test_a_draft_of_a_real_shape_loads_and_can_be_checked(export: Path, tmp_path: Path) -> None:
    draft = drafted(tmp_path, [export])
    mapper = compile_mapping(load_mapping(tmp_path, "draft_town"))
    with stage([export], mapper.mapping.shape, "draft_town") as staged:
        stays = list(staged.stays())
    assert stays and any(each.role == "charge_item" for each in draft.tables)
    mapped = [mapper.map(stay) for stay in stays]
    assert all("Patient" in {each["resourceType"] for each in stay.resources} for stay in mapped)
    report, seen, _ = check_sample("draft_town", [export], tmp_path)
    assert report.rows and seen.coverage
    unclaimed = {(table, column) for table, columns in report.unclaimed.items() for column in columns}
    assert unclaimed == {(table, column) for table, columns in draft.left.items() for column in columns}


@pytest.mark.parametrize("export", EXPORTS, ids=lambda path: path.parent.name)
def test_no_person_gets_into_a_draft(export: Path, tmp_path: Path) -> None:
    draft = drafted(tmp_path, [export])
    text = "\n".join([*draft.files.values(), *(f"{each.zh}{each.en}" for each in draft.doubts), str(draft.left)])
    raw = b"".join(path.read_bytes() for path in export.iterdir())
    for encoding in ("utf-8", "gb18030", "utf-16"):
        for name in ("测试甲", "测试乙", "测试丙", "测试丁"):
            if name.encode(encoding).removeprefix(b"\xff\xfe") in raw:
                assert name not in text
    assert "99999919" not in text and "1380000" not in text and "T0000000" not in text


def test_what_names_do_not_tell_values_do(tmp_path: Path) -> None:
    draft = drafted(tmp_path / "m", [write(tmp_path / "export", odd_export(7))])
    shape = draft.files["his/draft_his/shape.yaml"]
    assert "stay: {table: T1, key: C1, person: C1}" in shape
    assert "T2: {row_key: [F1], needed: yes, join: [F2]}" in shape and "T3: {" in shape and "join: [D1]" in shape
    for file, target, column in (
        ("patient", "identifier[2]", "C3"),
        ("patient", "name[0].text", "C2"),
        ("patient", "gender", "C4"),
        ("patient", "birthDate", "C7"),
        ("encounter", "period.start", "C5"),
        ("encounter", "period.end", "C6"),
        ("charge_item", "quantity.value", "F3"),
        ("charge_item", "priceOverride.value", "F5"),
        ("charge_item", "extension[unit-price].valueMoney.value", "F4"),
        ("charge_item", "occurrenceDateTime", "F6"),
        ("charge_item", "code.coding[0].code", "F7"),
        ("charge_item", "code.text", "F8"),
        ("condition", "code.coding[0].code", "D2"),
    ):
        line = field_of(draft, file, target)
        assert f"{{from: {column}" in line and "# ?" in line, line
    assert draft.files["his/draft_his/gender.csv"].splitlines()[1:] == ["女,女,,female,", "男,男,,male,"]
    assert "C8" in draft.left["T1"]
    text = "\n".join(draft.files.values())
    assert not any(row[name] in text for row in odd_export(7)["T1"] for name in ("C2", "C3", "C8"))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("form", ["xml", "csv", "tsv", "json"])
def test_any_drawn_export_in_any_format_gives_a_draft_that_maps(form: str, seed: int, tmp_path: Path) -> None:
    rows = odd_export(seed, stays=24)
    export = tmp_path / "export"
    export.mkdir()
    if form == "xml":
        write(export, rows)
    elif form == "json":
        (export / "all.json").write_text(json.dumps({"data": rows}, ensure_ascii=False), encoding="utf-8")
    else:
        separator = "," if form == "csv" else "\t"
        for name, table in rows.items():
            lines = [separator.join(table[0]), *(separator.join(row.values()) for row in table)]
            (export / f"{name}.{form}").write_bytes(("\n".join(lines) + "\n").encode("gb18030"))
    drafted(tmp_path / "m", [export])
    mapper = compile_mapping(load_mapping(tmp_path / "m", "draft_town"))
    with stage([export], mapper.mapping.shape, "draft_town") as staged:
        mapped = [mapper.map(stay) for stay in staged.stays()]
    assert len(mapped) == 24
    assert all(len([each for each in stay.resources if each["resourceType"] == "ChargeItem"]) == 8 for stay in mapped)
    assert not [issue for stay in mapped for issue in stay.issues if issue.code == "MAP-103"]


def test_every_mark_is_listed_and_every_listed_line_is_marked(tmp_path: Path) -> None:
    draft = drafted(tmp_path / "m", [write(tmp_path / "export", odd_export(1))])
    marked = {
        f"{file}:{number}"
        for file, text in draft.files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if "# ? " in line and file.endswith(".yaml")
    }
    listed = {each.place for each in draft.doubts if ".yaml:" in each.place}
    assert marked == listed and marked


def test_a_draft_overwrites_nothing(tmp_path: Path) -> None:
    export = [write(tmp_path / "export", odd_export(1))]
    draft = drafted(tmp_path / "m", export)
    (tmp_path / "m" / "sources" / "draft_town.yaml").unlink()
    before = {path: path.read_bytes() for path in (tmp_path / "m").rglob("*") if path.is_file()}
    with pytest.raises(AdapterError) as refused:
        write_draft(draft, tmp_path / "m", MAPPINGS)
    assert refused.value.issues[0].code == "MAP-125"
    assert {path: path.read_bytes() for path in (tmp_path / "m").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({}, "MAP-120"),
        ({"a.csv": "x,y\n1,2\n", "b.json": "[]"}, "MAP-121"),
        ({"a.json": "{"}, "MAP-122"),
        ({"a.csv": "x,y\n"}, "MAP-123"),
        ({"a.csv": "x,y\n1,\n1,\n"}, "MAP-124"),
    ],
)
def test_what_cannot_be_drafted_says_why(files: Mapping[str, str], code: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(AdapterError) as refused:
        draft_sample("draft_town", "draft_his", [tmp_path], MAPPINGS)
    assert refused.value.issues[0].code == code


@pytest.mark.parametrize("name", ["Liuhe", "6town", "a-b", "../x"])
def test_a_bad_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(AdapterError) as refused:
        draft_sample(name, "draft_his", [tmp_path], MAPPINGS)
    assert refused.value.issues[0].code == "MAP-126"


@pytest.mark.parametrize(
    ("values", "kind", "formats"),
    [
        (["2021-03-05 14:30:00", "2021-03-06"], Kind.TIME, ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")),
        (["20210305", "20210306"], Kind.DAY, ("%Y%m%d",)),
        (["13-10-2015", "02-10-2015"], Kind.DAY, ("%d-%m-%Y",)),
        (["20211399", "20210399"], Kind.NUMBER, ()),
        (["12345678", "87654321"], Kind.NUMBER, ()),
        (["999999198001010011"], Kind.ID_NUMBER, ()),
        (["999999198001010012"], Kind.NUMBER, ()),
        (["13800000000", "0571-88888888"], Kind.PHONE, ()),
        (["J18.900", "I10"], Kind.DIAGNOSIS, ()),
        (["-1.5", "1,234.00", "3"], Kind.NUMBER, ()),
        (["测试甲"], Kind.NAME, ()),
        (["", "无", "-"], Kind.EMPTY, ()),
        (["一级护理(日)"], Kind.TEXT, ()),
    ],
)
def test_a_column_is_what_nearly_all_its_values_are(values: list[str], kind: Kind, formats: tuple[str, ...]) -> None:
    found = profile("X", values)
    assert (found.kind, found.formats) == (kind, formats)


def test_day_and_month_that_cannot_be_told_apart_are_doubtful() -> None:
    assert profile("X", ["02-10-2015", "03-11-2015"]).doubtful_order
    assert not profile("X", ["22-10-2015", "03-11-2015"]).doubtful_order


def test_only_codes_are_shown_as_they_are() -> None:
    assert profile("X", ["1", "2", "1", "2", "1"]).example == "1 2"
    assert profile("X", ["88001", "88002"] * 5).example == "99999"  # a number of somebody, however often it stands
    assert profile("X", ["测试甲", "测试乙"] * 5).example == "文文文"
    assert profile("X", ["1", "2"]).example == "9"
    assert picture("a" * 40) == "a" * 23 + "…" and masked("测试甲") == "***"


def test_a_stay_key_of_two_columns_is_found_in_tables_that_spell_it_otherwise() -> None:
    stays = SampleTable("S", [{"病人ID": f"{1 + n // 2}", "主页ID": f"{1 + n % 2}", "x": "1"} for n in range(20)])
    lines = SampleTable("L", [{"ID": f"{n}", "病人id": f"{1 + n // 8}", "主页id": f"{1 + n % 2}"} for n in range(80)])
    join = stay_join([stays, lines], frozenset())
    assert join is not None
    assert join.columns == {"S": ("病人ID", "主页ID"), "L": ("病人id", "主页id")}
    assert row_key(lines, join.columns["L"]) == (("ID",), True)


def test_a_key_of_few_rows_is_only_a_guess() -> None:
    table = SampleTable("D", [{"K": "1", "KIND": "1"}, {"K": "1", "KIND": "2"}])
    assert row_key(table, ("K",)) == (("K", "KIND"), False)


def test_quantity_price_and_amount_are_told_by_arithmetic() -> None:
    rows = [{"p": "12.5000", "q": q, "m": f"{12.5 * int(q):.2f}", "n": "7"} for q in ("2", "3", "-4", "6")]
    relation = amount_relation(SampleTable("F", rows))
    assert relation is not None
    assert (relation.quantity, relation.price, relation.amount) == ("q", "p", "m")
    assert amount_relation(SampleTable("F", [{"p": "1", "q": "5", "m": "5"}] * 9)) is None


def test_the_tables_of_usual_names_are_well_formed() -> None:
    known = load_known(MAPPINGS)
    assert known.of("item_code", "charge_item") == known.of("ITEMCODE", "charge_item")
    assert {"ZYH", "主页ID"} <= known.stay_keys()
    resources = {each.resource for found in known.columns.values() for each in found}
    assert resources == {
        *("patient", "encounter", "hospital", "coverage", "condition", "diagnosis"),
        *("charge_item", "deposit", "ignored"),
    }
