"""Damaged exports: one thing wrong each, so that every way of refusing has a fixture."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.synthetic.story import Node, rows_of
from bench.synthetic.tables import Export

Tables = dict[str, list[dict[str, str]]]


@dataclass(frozen=True, slots=True)
class Damage:
    """What is done to three good stays: to their rows before writing, or to the files after."""

    rows: Callable[[Tables], None] = lambda tables: None
    files: Callable[[Path], None] = lambda folder: None


def write_damaged(base: Node, folder: Path) -> int:
    """Write ``<name>/export/*.xml`` for every damage; returns how many there are."""
    for name, damage in DAMAGES.items():
        tables: Tables = {}
        for table, row in rows_of(base):
            tables.setdefault(table, []).append(dict(row))
        damage.rows(tables)
        target = folder / name / "export"
        if target.exists():
            shutil.rmtree(target)
        with Export(target) as export:
            for table, rows in tables.items():
                for row in rows:
                    export.write(table, row)
        damage.files(target)
    return len(DAMAGES)


def _set(table: str, number: int, **fields: str) -> Callable[[Tables], None]:
    """Change columns of the n-th row (1-based) of a table."""

    def change(tables: Tables) -> None:
        tables[table][number - 1].update(fields)

    return change


def _both(first: Callable[[Tables], None], second: Callable[[Tables], None]) -> Callable[[Tables], None]:
    def change(tables: Tables) -> None:
        first(tables)
        second(tables)

    return change


def _refund_too_much(tables: Tables) -> None:
    """Stay 2 gets back seven of the six bottles that it was charged."""
    charged = next(row for row in tables["ZY_FYMX"] if row["ZYH"] == "300090002" and row["FYXH"] == "3103")
    tables["ZY_FYMX"].append({**charged, "JLXH": "9900020099", "FYSL": "-7.00", "ZJJE": "-24.36"})


def _malformed(folder: Path) -> None:
    _replace(folder / "ZY_BRRY.xml", "测试乙</BRXM>", "测试乙<BRXM>")


def _cut(folder: Path) -> None:
    """End the file in the middle of a row, as a full disk or a broken transfer does."""
    path = folder / "ZY_FYMX.xml"
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"<JLXH>9900020003") + 200])


def _doctype(folder: Path) -> None:
    path = folder / "ZY_TBKK.xml"
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    _replace(path, head, f'{head}<!DOCTYPE msg [<!ENTITY amount "500.00">]>\n')
    _replace(path, "<JKJE>500.00</JKJE>", "<JKJE>&amount;</JKJE>")


def _foreign_bytes(folder: Path) -> None:
    """A byte that is neither UTF-8 nor GB18030 in the middle of good Chinese."""
    path = folder / "ZY_FYMX.xml"
    content = path.read_bytes()
    at = content.rindex("氯化钠".encode())
    path.write_bytes(content[:at] + b"\xff" + content[at:])


def _same_file_twice(folder: Path) -> None:
    (folder / "ZY_FYMX.xml").rename(folder / "ZY_FYMX-20210306.xml")
    shutil.copyfile(folder / "ZY_FYMX-20210306.xml", folder / "ZY_FYMX-20210307.xml")


def _conflicting_copy(folder: Path) -> None:
    """The file comes again, with another amount on one line of stay 3."""
    _same_file_twice(folder)
    _replace(folder / "ZY_FYMX-20210307.xml", *_line_of_stay_3(folder))


def _line_of_stay_3(folder: Path) -> tuple[str, str]:
    text = (folder / "ZY_FYMX-20210306.xml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "<JLXH>9900030007</JLXH>" in line)
    return line, line.replace("<ZJJE>20.88</ZJJE>", "<ZJJE>21.88</ZJJE>")


def _stray_file(folder: Path) -> None:
    (folder / "FEES.xml").write_text('<?xml version="1.0" encoding="UTF-8"?>\n<msg>\n</msg>\n', encoding="utf-8")


def _no_fees(folder: Path) -> None:
    (folder / "ZY_FYMX.xml").unlink()


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path.name} does not hold {old!r}")
    path.write_text(text.replace(old, new), encoding="utf-8", newline="\n")


#: By the name of the fixture folder. Rows are counted as they stand in the file, from 1.
DAMAGES: Mapping[str, Damage] = {
    "malformed_xml": Damage(files=_malformed),
    "cut_in_the_middle": Damage(files=_cut),
    "doctype": Damage(files=_doctype),
    "wrong_encoding": Damage(files=_foreign_bytes),
    "missing_stay_key": Damage(rows=_set("ZY_FYMX", 8, ZYH="")),
    "missing_row_key": Damage(rows=_set("ZY_FYMX", 8, JLXH="")),
    "missing_field": Damage(rows=_set("ZY_BRRY", 2, RYRQ="")),
    "impossible_time": Damage(rows=_set("ZY_BRRY", 2, RYRQ="2021-02-30 09:00:00")),
    "unknown_code": Damage(rows=_set("ZY_BRRY", 2, BRXB="7")),
    "unknown_item": Damage(rows=_set("ZY_FYMX", 8, FYXH="9999")),
    "amount_mismatch": Damage(rows=_both(_set("ZY_FYMX", 12, ZJJE="23.88"), _set("ZY_FYMX", 19, ZJJE="20.90"))),
    "amount_not_a_number": Damage(rows=_set("ZY_FYMX", 12, ZJJE="2O.88")),
    "duplicate_file": Damage(files=_same_file_twice),
    "conflicting_row": Damage(files=_conflicting_copy),
    "other_hospital": Damage(rows=_set("ZY_BRRY", 2, JGID="999909999")),
    "missing_reference": Damage(rows=_set("ZY_RYZD", 3, ZDXH="9999")),
    "refund_too_large": Damage(rows=_refund_too_much),
    "stray_file": Damage(files=_stray_file),
    "missing_table": Damage(files=_no_fees),
}
