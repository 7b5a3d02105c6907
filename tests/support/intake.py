"""Small exports written on the spot, and the mapping of the fixture hospital."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from adapter.intake.mapping import Mapper, compile_mapping, load_mapping
from adapter.model.source import ExportShape, Origin, SourceRecord, StayRecords, TableShape

ROOT = Path(__file__).parents[2]
MAPPINGS = ROOT / "mappings"
FIXTURES = ROOT / "fixtures"
SOURCE = "qingshi_county"

Row = Mapping[str, str]

#: Three tables are enough to show every way of reading.
SHAPE = ExportShape(
    reader="xml_files",
    row="row",
    stay_table="ZY_BRRY",
    stay_key="ZYH",
    tables={
        "ZY_BRRY": TableShape("ZY_BRRY", ("ZYH",), needed=True),
        "ZY_FYMX": TableShape("ZY_FYMX", ("JLXH",), needed=True),
        "ZY_TBKK": TableShape("ZY_TBKK", ("JKXH",)),
    },
)

STAY: Row = {
    "ZYH": "300012345",
    "ZYHM": "0020210001",
    "BRID": "88001",
    "JGID": "999901001",
    "BRXZ": "2000",
    "BRXM": "测试甲",
    "BRXB": "1",
    "CSNY": "1980-01-01",
    "SFZH": "999999198001010011",
    "YBKH": "T00000001",
    "RYRQ": "2021-03-05 14:30:00",
    "CYRQ": "2021-03-12 10:05:00",
    "CYPB": "1",
    "RYQK": "3",
}

LINE: Row = {
    "JLXH": "900000123",
    "ZYH": "300012345",
    "FYRQ": "2021-03-06 00:00:00",
    "JFRQ": "2021-03-06 15:20:31",
    "FYXH": "5501",
    "FYMC": "二级护理",
    "YPCD": "0",
    "FYSL": "1.00",
    "FYDJ": "18.0000",
    "ZJJE": "18.00",
    "ZFJE": "1.80",
    "ZLJE": "0.00",
    "ZFBL": "0.100",
    "DZBL": "1.000",
    "FYXM": "12",
    "YEPB": "0",
}

DIAGNOSIS: Row = {"ZYH": "300012345", "ZDXH": "3301", "ZDLB": "3", "ZGQK": "1"}


def xml(rows: Iterable[Row], declared: str | None = "UTF-8") -> str:
    """An export file as text."""
    head = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    body = "\n".join(
        "<row>" + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in row.items()) + "</row>" for row in rows
    )
    return f"{head}<msg>\n{body}\n</msg>\n"


def write(folder: Path, files: Mapping[str, str | bytes | Sequence[Row]]) -> Path:
    """Write an export: text or rows as UTF-8, bytes as they are."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        if not isinstance(content, str | bytes):
            content = xml(content)
        (folder / f"{name}.xml").write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def records(**tables: Sequence[Row]) -> StayRecords:
    """A stay as a reader hands it over."""
    found = {
        table: tuple(
            SourceRecord(Origin(SOURCE, f"{table}.xml", table, number), row) for number, row in enumerate(rows, 1)
        )
        for table, rows in tables.items()
    }
    return StayRecords(found["ZY_BRRY"][0].fields["ZYH"] if found.get("ZY_BRRY") else "300012345", found)


@cache
def mapper() -> Mapper:
    """The fixture hospital's mapping, compiled once."""
    return compile_mapping(load_mapping(MAPPINGS, SOURCE))
