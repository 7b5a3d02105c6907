"""Read ``mappings/nhsa``: definitions, regions and the field mapping. A bad file is refused with its line (MAP-101).

A region file holds only what differs from ``national/region.yaml``; everything else is taken from there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from adapter.intake.mapping.nodes import Node as Yaml
from adapter.intake.mapping.nodes import read_nodes
from adapter.model.issues import AdapterError
from adapter.model.settlement import Payer
from adapter.payers.delivery.endpoints.nhsa import setting_issues
from adapter.payers.delivery.endpoints.nhsa.definitions import (
    Code,
    CodeTable,
    Definitions,
    Field,
    FieldType,
    Kind,
    Node,
    Transaction,
)
from adapter.payers.delivery.endpoints.nhsa.fields import FieldMap, field_map
from adapter.payers.delivery.endpoints.nhsa.region import Fund, Region, StatementResult

NATIONAL = "national"
FOLDER = "nhsa"

_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What an endpoint speaks: the national definitions, one region's ways, and what goes into which field."""

    definitions: Definitions
    region: Region
    fields: FieldMap


def load_dialect(mappings_dir: Path, region: str) -> Dialect:
    """Everything of one region.

    Raises:
        AdapterError: CFG-730 for a region without a folder, MAP-101 and -102 with file:line for a bad file.
    """
    definitions = load_definitions(mappings_dir)
    fields = load_fields(mappings_dir, definitions)
    return Dialect(definitions, load_region(mappings_dir, region, definitions), fields)


def load_fields(mappings_dir: Path, definitions: Definitions) -> FieldMap:
    """What goes into which field. Raises AdapterError MAP-101 and -102."""
    return field_map(_read(mappings_dir, f"{NATIONAL}/fhir.yaml"), definitions)


def region_names(mappings_dir: Path) -> tuple[str, ...]:
    """Regions that have a file, in order."""
    return tuple(sorted(path.parent.name for path in (mappings_dir / FOLDER).glob("*/region.yaml")))


def load_definitions(mappings_dir: Path) -> Definitions:
    """Transactions, aliases and code tables of the national set."""
    root = _read(mappings_dir, f"{NATIONAL}/transactions.yaml")
    root.allow("aliases", "transactions")
    tables = _tables(_read(mappings_dir, f"{NATIONAL}/codes.yaml"))
    return Definitions(
        transactions={number: _transaction(number, node) for number, node in root.need("transactions").items()},
        tables=tables,
        aliases={seen: node.text() for seen, node in root.need("aliases").items()},
    )


def _read(mappings_dir: Path, file: str) -> Yaml:
    label = f"{FOLDER}/{file}"
    return read_nodes((mappings_dir / label).read_text("utf-8"), label)


def _tables(root: Yaml) -> dict[str, CodeTable]:
    found = {}
    for name, table in root.need("tables").items():
        table.allow("zh", "en", "codes")
        codes = {}
        for code, node in table.need("codes").items():
            node.allow("zh", "en", "stable")
            codes[code] = Code(code, node.need("zh").text(), node.need("en").text(), node.need("stable").flag())
        found[name] = CodeTable(name, table.need("zh").text(), table.need("en").text(), codes)
    return found


def _transaction(number: str, node: Yaml) -> Transaction:
    node.allow("zh", "en", "kind", "lookup", "note", "input", "output", "file_out", "file_in")
    lookup = node.get("lookup")
    files = {key: _nodes(node.get(key)) for key in ("file_out", "file_in")}
    return Transaction(
        number=number,
        zh=node.need("zh").text(),
        en=node.need("en").text(),
        kind=_among(node.need("kind"), Kind),
        input=_nodes(node.get("input")),
        output=_nodes(node.get("output")),
        lookup=() if lookup is None else lookup.texts(),
        note=node.text_of("note", ""),
        file_out=next(iter(files["file_out"].values()), None),
        file_in=next(iter(files["file_in"].values()), None),
    )


def _nodes(parent: Yaml | None) -> dict[str, Node]:
    if parent is None:
        return {}
    found = {}
    for name, node in parent.items():
        node.allow("rows", "fields")
        rows = node.need("rows")
        if rows.text() not in ("one", "many"):
            rows.fail("应为 one 或 many", "one or many is expected")
        fields = {key: _field(key, each) for key, each in node.need("fields").items()}
        found[name] = Node(name, rows.text() == "many", fields)
    return found


def _field(name: str, node: Yaml) -> Field:
    node.allow("zh", "type", "length", "need", "codes", "seen")
    return Field(
        name=name,
        zh=node.need("zh").text(),
        type=_among(node.need("type"), FieldType),
        length=node.text_of("length", ""),
        need=node.need("need").flag(),
        codes=node.text_of("codes", ""),
        once=node.text_of("seen", "") == "once",
    )


def _among(node: Yaml, kind: type[_E]) -> _E:
    try:
        return kind(node.text())
    except ValueError:
        known = ", ".join(kind)
        node.fail(f"应为 {known} 之一", f"one of {known} is expected")


# -- regions -----------------------------------------------------------------------------------------------------------


def load_region(mappings_dir: Path, name: str, definitions: Definitions) -> Region:
    """A region's settings over the national ones.

    Raises:
        AdapterError: CFG-730, MAP-101 and -102.
    """
    if name not in region_names(mappings_dir):
        raise AdapterError(setting_issues.region_unknown(name, ", ".join(region_names(mappings_dir))))
    base = _read(mappings_dir, f"{NATIONAL}/region.yaml").mapping()
    own = _read(mappings_dir, f"{name}/region.yaml")
    own.allow(*_SETTINGS)
    merged = {**base, **own.mapping()}
    found: dict[str, Any] = {}
    for key, read in _SETTINGS.items():
        node = merged.get(key)
        if node is None:
            own.fail(f"缺少键 {key}", f"key {key} is missing")
        found[key] = read(node)
    region = Region(name=name, **found)
    for number in (*region.absent, *region.reversible, *region.password_for):
        if number not in definitions.transactions:
            own.fail(f"没有定义交易 {number}", f"transaction {number} is not defined")
    return region


def _number(node: Yaml) -> int:
    if not node.text().isdigit():
        node.fail("应为整数", "a whole number is expected")
    return int(node.text())


def _one_of(*known: str) -> Callable[[Yaml], str]:
    def read(node: Yaml) -> str:
        if node.text() not in known:
            node.fail(f"应为 {', '.join(known)} 之一", f"one of {', '.join(known)} is expected")
        return node.text()

    return read


def _texts(node: Yaml) -> dict[str, str]:
    return {key: each.text() for key, each in node.items()}


def _funds(node: Yaml) -> dict[str, Payer | Fund]:
    found: dict[str, Payer | Fund] = {}
    for code, each in node.items():
        found[code] = Fund(each.text()) if each.text() in set(Fund) else _among(each, Payer)
    return found


def _statement(node: Yaml) -> dict[str, StatementResult]:
    return {code: _among(each, StatementResult) for code, each in node.items()}


#: Every key of a region file but its name, and how it is read.
_SETTINGS: Mapping[str, Callable[[Yaml], Any]] = {
    "zh": Yaml.text,
    "en": Yaml.text,
    "test_profile": Yaml.flag,
    "trust": Yaml.text,
    "address": _one_of("one", "path", "suffix"),
    "content_type": Yaml.text,
    "recer_sys_code": Yaml.text,
    "infver": Yaml.text,
    "extra": _texts,
    "sign_in": Yaml.flag,
    "signing": Yaml.text,
    "lines_per_call": _number,
    "bytes_per_call": _number,
    "line_serial": _one_of("digits15", "text30"),
    "med_type": Yaml.text,
    "psn_setlway": Yaml.text,
    "acct_used_flag": Yaml.text,
    "clr_type": Yaml.text,
    "insutypes": _texts,
    "insured_states": Yaml.texts,
    "account_inside_fund": Yaml.flag,
    "funds": _funds,
    "indirect": Yaml.texts,
    "success_words": Yaml.texts,
    "refusals": Yaml.texts,
    "unclear": Yaml.texts,
    "reversible": Yaml.texts,
    "discharge_before": _one_of("trial", "settle"),
    "discharge_closes_lines": Yaml.flag,
    "reversal_to": _one_of("settlement", "discharge", "lines", "admission"),
    "lines_by_visit": Yaml.flag,
    "person_fields": Yaml.flag,
    "credential": _one_of("01", "02", "03"),
    "cumulative": _texts,
    "cumulative_rows": _one_of("month", "year"),
    "statement": _statement,
    "absent": Yaml.texts,
    "password_for": Yaml.texts,
    "settlement_list": Yaml.flag,
    "supplied": _texts,
    "longest_delay": _number,
}
