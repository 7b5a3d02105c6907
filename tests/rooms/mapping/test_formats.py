"""The same stay in every format gives the same resources: what a file looks like is no concern of the mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.intake.mapping import compile_mapping, load_mapping
from adapter.intake.readers import stage
from adapter.model.source import ColumnShape, TextLayout
from tests.support.exports import as_csv, as_fixed, as_json, as_ndjson, as_xml, put
from tests.support.intake import DIAGNOSIS, LINE, MAPPINGS, SOURCE, STAY, Row

MAPPING = load_mapping(MAPPINGS, SOURCE)
LINES = st.builds(
    lambda quantity, fen, day, item: (
        {"FYSL": f"{quantity}.00", "FYDJ": f"{Decimal(fen) / 100:.4f}", "FYRQ": day, "FYMC": item}
        | {"ZJJE": f"{quantity * Decimal(fen) / 100:.2f}"}
    ),
    st.integers(1, 30),
    st.integers(1, 100_000),
    st.sampled_from(["2021-03-06 00:00:00", "2021-03-07 09:30:00", "2021-03-08"]),
    st.text(st.characters(codec="gb18030", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cf")), max_size=6),
)


def tables_of(lines: Sequence[Row], refunded: bool) -> dict[str, list[dict[str, str]]]:
    rows = [{**LINE, **line, "JLXH": str(900 + n)} for n, line in enumerate(lines)]
    if refunded and rows:
        first = rows[0]
        rows.append({**first, "JLXH": "999", "FYSL": "-" + first["FYSL"], "ZJJE": "-" + first["ZJJE"]})
    return {"ZY_BRRY": [dict(STAY)], "ZY_FYMX": rows, "ZY_RYZD": [dict(DIAGNOSIS)]}


def widths(rows: Sequence[Row]) -> tuple[ColumnShape, ...]:
    """Columns one after another, as wide as the longest text in them is in GB18030."""
    found, start = [], 1
    for name in dict.fromkeys(column for row in rows for column in row):
        width = max(len(row.get(name, "").encode("gb18030")) for row in rows) + 1
        found.append(ColumnShape(name, start=start, width=width))
        start += width
    return tuple(found)


def files(tables: Mapping[str, Sequence[Row]], form: str) -> dict[str, str | bytes]:
    made: dict[str, str | bytes] = {}
    for name, rows in tables.items():
        if form == "xml_files":
            made[f"{name}.xml"] = as_xml(rows)
        elif form == "csv":
            made[f"{name}.csv"] = as_csv(rows).encode("gb18030")
        elif form == "tsv":
            made[f"{name}.tsv"] = b"\xff\xfe" + as_csv(rows, "\t").encode("utf-16-le")
        elif form == "ndjson":
            made[f"{name}.ndjson"] = as_ndjson(rows)
        elif form == "json":
            made[f"{name}.json"] = as_json(rows)
        else:
            made[f"{name}.txt"] = as_fixed(rows, widths(rows), "gb18030")
    return made


READER = {
    "xml_files": "xml_files",
    "csv": "csv_files",
    "tsv": "csv_files",
    "ndjson": "json_files",
    "json": "json_files",
}


def resources(folder: Path, tables: Mapping[str, Sequence[Row]], form: str) -> tuple[object, ...]:
    """What the mapping makes of an export in this form."""
    put(folder, files(tables, form))
    shaped = {
        name: replace(
            table,
            rows=("data", "list") if form == "json" else (),
            columns=widths(tables[name]) if form == "fixed" and name in tables else (),
        )
        for name, table in MAPPING.shape.tables.items()
    }
    layout = TextLayout(separator="\t" if form == "tsv" else ",", header=form != "fixed", in_bytes=form == "fixed")
    reader, sent = READER.get(form, "fixed_width"), ("utf-8", "gb18030", "utf-16")
    shape = replace(MAPPING.shape, reader=reader, tables=shaped, layout=layout, encodings=sent)
    with stage([folder], shape, SOURCE) as staged:
        assert staged.issues == ()
        (stay,) = (compile_mapping(MAPPING).map(records) for records in staged.stays())
    assert [issue.code for issue in stay.issues if issue.stops] == []
    return stay.resources


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(LINES, min_size=1, max_size=5), st.booleans())
def test_every_format_maps_to_the_same_resources(tmp_path: Path, lines: list[Row], refunded: bool) -> None:
    tables = tables_of(lines, refunded)
    home = tmp_path / str(len(list(tmp_path.iterdir())))
    expected = resources(home / "xml", tables, "xml_files")
    assert sum(each["resourceType"] == "ChargeItem" for each in expected) == len(tables["ZY_FYMX"])  # type: ignore[index]
    for form in ("csv", "tsv", "ndjson", "json", "fixed"):
        assert resources(home / form, tables, form) == expected, form


@pytest.mark.parametrize("text", ["a,b", '"', "a\tb", "行一\n行二", "𠮷野", "x" * 500, "<&>"])
@pytest.mark.parametrize("form", ["csv", "tsv", "ndjson", "json"])
def test_no_text_is_changed_on_the_way(tmp_path: Path, form: str, text: str) -> None:
    tables = tables_of([{"FYMC": text}], refunded=False)
    (line,) = (each for each in resources(tmp_path, tables, form) if each["resourceType"] == "ChargeItem")  # type: ignore[index]
    assert line["code"]["text"] == text  # type: ignore[index]
