"""From a clerk's ``stays.yaml`` to the rows of an export.

The file names persons, a price list and stays; a line such as ``{item: "1101", from: 2020-03-02, days: 7}`` becomes
seven rows. Every scalar is text, and a repeated key is refused: a clerk's slip must not vanish.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from bench.synthetic.tables import MOTLEY, TABLES, Export, Row

FEN = Decimal("0.01")

Node = Mapping[str, Any]


class _TextOnly(yaml.SafeLoader):
    """YAML with text for every scalar and no repeated key."""


_TextOnly.yaml_implicit_resolvers = {}


def _mapping(loader: _TextOnly, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node)
        if key in found:
            raise ValueError(f"line {key_node.start_mark.line + 1}: key {key!r} is repeated")
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_TextOnly.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_story(path: Path) -> Node:
    """Read a story file. Raises ValueError for a repeated key, with its line."""
    story: Node = yaml.load(path.read_text(encoding="utf-8"), Loader=_TextOnly)
    return story


def fen(amount: Decimal) -> Decimal:
    """Round once, half away from zero, to the fen."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def rows_of(story: Node) -> Iterator[tuple[str, Row]]:
    """All rows of the export, as (table, row), stay by stay."""
    for stay in story["stays"]:
        person = story["persons"][stay["person"]]
        fees = list(_fee_rows(stay, story["price_list"]))
        yield "ZY_BRRY", _stay_row(stay, person, story["facility"])
        for row in fees:
            yield "ZY_FYMX", row
        for number, deposit in enumerate(stay.get("deposits", ()), start=1):
            yield "ZY_TBKK", _deposit_row(stay, deposit, number)
        for diagnosis in stay["diagnoses"]:
            yield (
                "ZY_RYZD",
                {
                    "ZYH": stay["key"],
                    "ZDXH": diagnosis["code"],
                    "ZDLB": diagnosis["kind"],
                    "ZGQK": diagnosis.get("outcome", ""),
                },
            )
        for move in stay.get("moves", ()):
            yield "ZY_ZKJL", _move_row(stay, move)
        if settled := stay.get("settled_by_his"):
            yield "ZY_ZYJS", _settlement_row(stay, settled, fees)
            yield from (("ZY_JSMX", row) for row in _group_rows(stay, settled, fees))


def write_export(story: Node, folder: Path) -> int:
    """Write the export in mixed row order and in the motley encodings of the fixture hospital; returns the rows."""
    rows = [(table, dict(row)) for table, row in rows_of(story)]
    rows.sort(key=_mixed)
    with Export(folder, MOTLEY) as export:
        for table, row in rows:
            export.write(table, row)
        return export.rows


def _mixed(entry: tuple[str, Row]) -> str:
    """A stable order that respects neither stay nor time, as a full table scan gives it."""
    table, row = entry
    return sha256("|".join((table, *(row.get(column, "") for column in TABLES[table]))).encode()).hexdigest()


def _stay_row(stay: Node, person: Node, facility: str) -> Row:
    dept, ward, bed = stay.get("place", "1021 2021 021").split()
    return {
        "ZYH": stay["key"],
        "ZYHM": stay["printed"],
        "BAHM": person["record"],
        "BRID": stay["person"],
        "MZHM": f"MZ{stay['printed'][-8:]}",
        "JGID": facility,
        "BRXZ": stay.get("nature", person["nature"]),
        "BRXM": person["name"],
        "BRXB": person["sex"],
        "CSNY": person["born"],
        "SFZH": person["id"],
        "HYZK": person.get("married", "5"),
        "MZDM": person.get("ethnic", "01"),
        "HKDZ": person.get("home", ""),
        "LXRM": person.get("contact", ""),
        "LXGX": person.get("relation", ""),
        "LXDH": person.get("phone", ""),
        "YBKH": person.get("insurance", ""),
        "BRKS": dept,
        "BRBQ": ward,
        "BRCH": bed,
        "RYRQ": stay["admitted"],
        "CYRQ": stay.get("discharged", ""),
        "CYPB": stay.get("state", "1"),
        "CYFS": stay.get("left", "1") if "discharged" in stay else "",
        "RYQK": stay.get("condition", "3"),
        "JSCS": stay["settled_by_his"]["number"] if "settled_by_his" in stay else "0",
        "ZYCS": stay.get("admission", "1"),
        "DJJE": "0.00",
    }


def _fee_rows(stay: Node, prices: Mapping[str, Node]) -> Iterator[Row]:
    number = 0
    for line in stay.get("lines", ()):
        first = date.fromisoformat(line["from"] if "from" in line else line["on"])
        for day in range(int(line.get("days", "1"))):
            number += 1
            yield _fee_row(stay, line, prices[line["item"]], first + timedelta(days=day), number)


def _fee_row(stay: Node, line: Node, item: Node, day: date, number: int) -> Row:
    quantity, price = Decimal(line.get("qty", "1")), Decimal(line.get("price", item["price"]))
    amount = Decimal(line["amount"]) if "amount" in line else fen(quantity * price)
    own_share = Decimal(item.get("self", "0.000"))
    nightly = item["by"] == "9"
    booked = "23:30:00" if nightly else f"{8 + number % 10:02d}:{number * 7 % 60:02d}:{number * 13 % 60:02d}"
    dept, ward, _ = stay.get("place", "1021 2021 021").split()
    return {
        "JLXH": f"9{stay['key'][-5:]}{number:04d}",
        "ZYH": stay["key"],
        "FYRQ": f"{day} 00:00:00" if nightly else f"{day} {booked}",
        "JFRQ": f"{day} {booked}",
        "FYXH": line["item"],
        "FYMC": item["name"],
        "YPCD": item.get("maker", "0"),
        "FYSL": f"{quantity:.2f}",
        "FYDJ": f"{price:.4f}",
        "ZJJE": f"{amount:.2f}",
        "ZFJE": f"{fen(amount * own_share):.2f}",
        "ZLJE": f"{amount if own_share == 1 else Decimal(0):.2f}",
        "ZFBL": f"{own_share:.3f}",
        "DZBL": "1.000",
        "YSGH": "D001",
        "FYBQ": ward,
        "FYKS": dept,
        "ZXKS": {"2": "1050", "3": "1060", "5": "1070"}.get(item["by"], dept),
        "XMLX": item["by"],
        "YPLX": item.get("drug", "0"),
        "FYXM": item["group"],
        "JSCS": stay["settled_by_his"]["number"] if "settled_by_his" in stay else "0",
        "YZXH": f"7{stay['key'][-5:]}{number:04d}",
        "YEPB": line.get("baby", "0"),
        "SCBZ": "0",
    }


def _deposit_row(stay: Node, deposit: Node, number: int) -> Row:
    return {
        "JKXH": f"4{stay['key'][-5:]}{number:02d}",
        "ZYH": stay["key"],
        "JKRQ": deposit["on"],
        "JKJE": deposit["amount"],
        "JKFS": deposit.get("method", "1"),
        "SJHM": f"S{stay['key'][-5:]}{number:02d}",
        "JSCS": "0",
        "ZFPB": "1" if "voided" in deposit else "0",
        "ZFRQ": deposit.get("voided", ""),
        "ZCPB": "0",
    }


def _move_row(stay: Node, move: Node) -> Row:
    (dept, ward, bed), (to_dept, to_ward, to_bed) = move["from"].split(), move["to"].split()
    return {
        "ZYH": stay["key"],
        "HCLX": move["kind"],
        "HQKS": dept,
        "HHKS": to_dept,
        "HQBQ": ward,
        "HHBQ": to_ward,
        "HQCH": bed,
        "HHCH": to_bed,
        "YSSQRQ": move["asked"],
        "BQZXRQ": move.get("done", ""),
        "ZXBZ": "1" if "done" in move else "0",
    }


def _settlement_row(stay: Node, settled: Node, fees: Sequence[Row]) -> Row:
    total = sum((Decimal(row["ZJJE"]) for row in fees), Decimal(0))
    fund, account = Decimal(settled["fund"]), Decimal(settled.get("account", "0.00"))
    deposits = sum((Decimal(deposit["amount"]) for deposit in stay.get("deposits", ())), Decimal(0))
    return {
        "ZYH": stay["key"],
        "JSCS": settled["number"],
        "JSLX": "5",
        "KSRQ": stay["admitted"],
        "ZZRQ": stay["discharged"],
        "JSRQ": settled["at"],
        "FYHJ": f"{total:.2f}",
        "ZFHJ": f"{total - fund:.2f}",
        "JKHJ": f"{deposits:.2f}",
        "FPHM": settled["invoice"],
        "ZFPB": "0",
        "TCJE": f"{fund:.2f}",
        "ZHZF": f"{account:.2f}",
        "JSXZ": settled["nature"],
    }


def _group_rows(stay: Node, settled: Node, fees: Sequence[Row]) -> Iterator[Row]:
    for group in sorted({row["FYXM"] for row in fees}):
        own = [row for row in fees if row["FYXM"] == group]
        sums = {column: sum((Decimal(row[column]) for row in own), Decimal(0)) for column in ("ZJJE", "ZFJE", "ZLJE")}
        yield {
            "ZYH": stay["key"],
            "JSCS": settled["number"],
            "FYXM": group,
            **{column: f"{amount:.2f}" for column, amount in sums.items()},
        }
