"""What goes into which field: ``mappings/nhsa/national/fhir.yaml`` as typed entries (字段对照).

The file names where a value stands and functions of this room; it holds no formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.intake.mapping.nodes import Node as Yaml
from adapter.payers.delivery.endpoints.nhsa.definitions import Definitions, Node
from adapter.payers.delivery.endpoints.nhsa.facts import FACTS, ROWS
from adapter.payers.delivery.endpoints.nhsa.paths import Path, path_of

#: Where a value may come from.
SOURCES = ("fhir", "fact", "visit", "region", "hospital", "const", "supplied")
#: What a visit, a region and the hospital's settings may give.
GIVEN = {
    "visit": ("psn_no", "psn_type", "insutype", "insuplc", "mdtrt_id", "setl_id"),
    "region": ("med_type", "psn_setlway", "acct_used_flag", "clr_type", "credential"),
    "hospital": ("fixmedins_code", "fixmedins_name", "division", "opter", "opter_name", "mac", "ip"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value stands. ``kind`` is one of SOURCES; ``path`` of the kind ``fhir``."""

    kind: str
    name: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One field.

    Attributes:
        sources: the first one that has a value counts.
        read_back: where the value goes when a message is read back to FHIR, or None: nowhere.
        codes: FHIR code → platform code, or None.
        when: the region's setting without which the field is left out, or empty.
        along: a field before this one with which it goes: what was agreed with the bureau stands here only when it
            stands there too, so that no name is put beside another's code. Or empty.
    """

    node: str
    field: str
    sources: tuple[Source, ...]
    read_back: Path | None
    codes: Mapping[str, str] | None
    when: str = ""
    along: str = ""


@dataclass(frozen=True, slots=True)
class FieldMap:
    """All entries, by transaction and node, in the order of the file. ``rows``: what each repeated node goes over."""

    entries: Mapping[str, Mapping[str, tuple[Entry, ...]]]
    answers: Mapping[str, Mapping[str, tuple[Entry, ...]]]
    rows: Mapping[tuple[str, str], str]


def field_map(root: Yaml, definitions: Definitions) -> FieldMap:
    """Read the file against the definitions.

    Raises:
        AdapterError: MAP-101 with the line: an unknown transaction, node, field, function, path or code map, and a
            mandatory field that has no entry.
    """
    root.allow("systems", "codes", "transactions", "answers")
    systems = {name: node.text() for name, node in root.need("systems").items()}
    codes = {name: {fhir: code.text() for fhir, code in table.items()} for name, table in root.need("codes").items()}
    reader = _Reader(definitions, systems, codes)
    entries, answers = {}, {}
    for number, nodes in root.need("transactions").items():
        entries[number] = reader.nodes(number, nodes, sent=True)
    for number, nodes in root.need("answers").items():
        answers[number] = reader.nodes(number, nodes, sent=False)
    return FieldMap(entries, answers, reader.rows)


class _Reader:
    def __init__(
        self, definitions: Definitions, systems: Mapping[str, str], codes: Mapping[str, Mapping[str, str]]
    ) -> None:
        self._definitions, self._systems, self._codes = definitions, systems, codes
        self.rows: dict[tuple[str, str], str] = {}

    def nodes(self, number: str, yaml: Yaml, *, sent: bool) -> dict[str, tuple[Entry, ...]]:
        transaction = self._definitions.transactions.get(number)
        if transaction is None:
            yaml.fail(f"没有定义交易 {number}", f"transaction {number} is not defined")
        known = transaction.input if sent else transaction.output
        found = {}
        for name, node in yaml.items():
            if name not in known:
                node.fail(f"交易 {number} 没有节点 {name}", f"transaction {number} has no node {name}")
            found[name] = self._node(number, known[name], node, sent=sent)
        return found

    def _node(self, number: str, known: Node, yaml: Yaml, *, sent: bool) -> tuple[Entry, ...]:
        fields = dict(yaml.items())
        over = fields.pop("each", None)
        if known.many and sent:
            if over is None or over.text() not in ROWS:
                yaml.fail(f"each 应为 {', '.join(ROWS)} 之一", f"each is one of {', '.join(ROWS)}")
            self.rows[number, known.name] = over.text()
        for name, node in fields.items():
            if name not in known.fields:
                node.fail(f"节点 {known.name} 没有字段 {name}", f"node {known.name} has no field {name}")
        missing = [name for name, field in known.fields.items() if field.need and name not in fields]
        if sent and missing:
            listed = ", ".join(missing)
            yaml.fail(f"必填字段没有来源:{listed}", f"mandatory fields without a source: {listed}")
        return tuple(self._entry(known.name, name, node) for name, node in fields.items())

    def _entry(self, node_name: str, name: str, yaml: Yaml) -> Entry:
        yaml.allow(*SOURCES, "or", "codes", "when", "along")
        sources = [self._source(yaml)]
        if (other := yaml.get("or")) is not None:
            other.allow(*SOURCES)
            sources.append(self._source(other))
        back = yaml.get("fhir")
        table = yaml.get("codes")
        if table is not None and table.text() not in self._codes:
            table.fail(f"没有代码对照 {table.text()}", f"no such code map: {table.text()}")
        return Entry(
            node=node_name,
            field=name,
            sources=tuple(sources),
            read_back=None if back is None else self._path(back),
            codes=None if table is None else self._codes[table.text()],
            when=yaml.text_of("when", ""),
            along=yaml.text_of("along", ""),
        )

    def _source(self, yaml: Yaml) -> Source:
        """A fact goes before the FHIR path beside it, which is then only where the value is read back to."""
        order = ("fact", "visit", "region", "hospital", "const", "supplied", "fhir")
        kind = next((each for each in order if yaml.get(each) is not None), None)
        if kind is None:
            yaml.fail(f"缺少来源:{', '.join(SOURCES)}", f"a source is missing: {', '.join(SOURCES)}")
        node = yaml.need(kind)
        if kind == "fact" and node.text() not in FACTS:
            node.fail(f"没有函数 {node.text()}", f"no such function: {node.text()}")
        if kind in GIVEN and node.text() not in GIVEN[kind]:
            node.fail(f"{kind} 没有 {node.text()}", f"{kind} has no {node.text()}")
        return Source(kind, node.text(), self._path(node) if kind == "fhir" else None)

    def _path(self, node: Yaml) -> Path:
        try:
            return path_of(node.text(), self._systems)
        except ValueError as error:
            node.fail(f"路径不可用:{error}", f"unusable path: {error}")
