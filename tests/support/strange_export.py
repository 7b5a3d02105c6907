"""The export of a strange hospital, as its HIS writes it: the same facts in any format, encoding and spelling."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape

from tests.support.strange_style import Style
from tests.support.strange_world import Line, Stay, World

Rows = list[dict[str, str]]

_SUFFIXES = {"csv": ".csv", "semicolon": ".csv", "tsv": ".tsv", "pipe": ".txt", "xml": ".xml", "fixed": ".txt"}
_SEPARATORS = {"csv": ",", "semicolon": ";", "tsv": "\t", "pipe": "|"}


def logical_rows(world: World, style: Style) -> dict[str, Rows]:
    """Rows by logical table, columns by logical name; orders are mixed as real exports have them."""
    found: dict[str, Rows] = {"stay": [], "diagnosis": [], **{table: [] for table in style.fee_tables}}
    keys = line_keys(world, style)
    for stay in world.stays:
        found["stay"].append(_stay_row(stay, style))
        for place, (code, name) in enumerate(stay.diagnoses):
            of_stay = _stay_keys(stay, style)
            found["diagnosis"].append({**of_stay, "code": code, "text": name, "rank": style.ranks[min(place, 1)]})
        for line in stay.lines:
            found[table_of(line, style)].append(_fee_row(line, stay, style, keys))
    lots = Random(f"order {world.seed}")
    for rows in found.values():
        lots.shuffle(rows)
    return found


def table_of(line: Line, style: Style) -> str:
    """The logical table that a line stands in."""
    return "drug" if style.two_tables and line.item.drug else "fee"


def line_keys(world: World, style: Style) -> dict[int, str]:
    """Row keys by line; two tables count each on its own, so that both have a row of the same number."""
    counts = dict.fromkeys(style.fee_tables, 5000)
    keys: dict[int, str] = {}
    for stay in world.stays:
        for line in stay.lines:
            table = table_of(line, style)
            counts[table] += 1
            keys[line.number] = str(counts[table])
    return keys


def written_rows(world: World, style: Style) -> dict[str, Rows]:
    """Rows by physical table with physical columns."""
    return {
        style.tables[table]: [{style.column(table, name): text for name, text in row.items()} for row in rows]
        for table, rows in logical_rows(world, style).items()
    }


def write_export(world: World, style: Style, folder: Path) -> tuple[Path, Path | None]:
    """Write the export; returns its folder, and the description of fixed columns that such a HIS comes with."""
    export = folder / "export"
    export.mkdir(parents=True)
    tables = written_rows(world, style)
    if style.form == "json_tables":
        _put(export / "all.json", json.dumps({"code": 0, "data": tables}, ensure_ascii=False), style.encoding)
    elif style.form == "json":
        for name, rows in tables.items():
            _put(export / f"{name}.json", json.dumps({"data": {"list": rows}}, ensure_ascii=False), style.encoding)
    elif style.form == "ndjson":
        for name, rows in tables.items():
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            _put(export / f"{name}.ndjson", lines, style.encoding)
    elif style.form == "fixed":
        return export, _fixed(tables, style, export, folder / "layout.csv")
    elif style.form == "xml":
        for name, rows in tables.items():
            _put(export / f"{name}-20211231.xml", _xml(rows, style.encoding), style.encoding)
    else:
        for name, rows in tables.items():
            text = _separated(rows, _SEPARATORS[style.form])
            _put(export / f"{name}{_SUFFIXES[style.form]}", text, style.encoding)
    return export, None


def _stay_keys(stay: Stay, style: Style) -> dict[str, str]:
    if style.joined:
        return {"person": stay.person.key, "visit": stay.visit}
    return {"stay": stay_number(stay)}


def stay_number(stay: Stay) -> str:
    """The stay key where one column holds it."""
    return f"9{stay.person.key}{stay.visit}"


def _stay_row(stay: Stay, style: Style) -> dict[str, str]:
    person = stay.person
    return {
        **_stay_keys(stay, style),
        "person": person.key,
        "printed": stay.printed,
        "name": person.name,
        "sex": style.sexes[0 if person.male else 1],
        "born": person.born.strftime(style.born_days),
        "id": person.id_number,
        "insurance": style.insurance,
        "card": person.card,
        "admitted": style.moment(stay.admitted),
        "discharged": style.moment(stay.discharged) if stay.discharged else style.not_yet(),
        "state": style.states[0 if stay.discharged is None else 1],
        "ward": style.absent,
        "phone": f"1380000{stay.person.key[-4:]}",
    }


def _fee_row(line: Line, stay: Stay, style: Style, keys: Mapping[int, str]) -> dict[str, str]:
    row = {
        "line": keys[line.number],
        **_stay_keys(stay, style),
        "item": line.item.code,
        "item_name": line.item.name,
        "at": line.at.strftime(style.fee_times),
        "quantity": f"{line.quantity:f}" if style.decimals == "stripped" else f"{line.quantity:.2f}",
        "price": _price(line.item.price, style),
        "amount": _amount(line, style),
        "category": style.categories[line.item.drug],
        "operator": f"C{line.number % 7}",
    }
    if style.refunds != "negative":
        row["undoes"] = style.absent if line.undoes is None else keys[line.undoes]
    if style.refunds == "mirror":
        undone = any(each.undoes == line.number for each in stay.lines)
        row["mark"] = style.marks[1 if line.undoes is not None else 2 if undone else 0]
    return row


def _price(price: Decimal, style: Style) -> str:
    return f"{price.normalize():f}" if style.decimals == "stripped" else f"{price:.4f}"


def _amount(line: Line, style: Style) -> str:
    if style.decimals == "exact":
        return f"{line.exact:.5f}"
    if style.decimals == "stripped":
        return f"{line.amount.normalize():f}"
    return f"{line.amount:.4f}" if style.decimals == "four" else f"{line.amount:.2f}"


def _put(path: Path, text: str, encoding: str) -> None:
    path.write_bytes(text.encode(encoding))


def _separated(rows: Rows, separator: str) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=separator, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _xml(rows: Rows, encoding: str) -> str:
    label = {"gb18030": "GBK"}.get(encoding, encoding.upper())
    cells = ("".join(f"<{name}>{escape(text)}</{name}>" for name, text in row.items()) for row in rows)
    body = "\n".join(f"<REC>{each}</REC>" for each in cells)
    return f'<?xml version="1.0" encoding="{label}"?>\n<DATA>\n{body}\n</DATA>\n'


def _fixed(tables: Mapping[str, Rows], style: Style, export: Path, layout: Path) -> Path:
    """Lines without separators; the width of a place is a byte of GB18030, a character elsewhere."""
    in_bytes = style.encoding == "gb18030"

    def size(text: str) -> int:
        return len(text.encode("gb18030")) if in_bytes else len(text)

    described = ["table,column,start,width"]
    for name, rows in tables.items():
        start, widths = 1, {}
        for column in rows[0]:
            widths[column] = max(size(row[column]) for row in rows) + 1
            described.append(f"{name},{column},{start},{widths[column]}")
            start += widths[column]
        lines = ("".join(_padded(row[column], widths[column], size) for column in row) for row in rows)
        _put(export / f"{name}.txt", "".join(f"{line}\r\n" for line in lines), style.encoding)
    layout.write_text("\n".join(described) + "\n", encoding="utf-8")
    return layout


def _padded(text: str, width: int, size: Callable[[str], int]) -> str:
    return text + " " * (width - size(text))
